import Testing
import WireJSON

@testable import EvalService

@Suite struct MetricQueryTests {
  private static func scored() throws -> Client {
    var client = try Client.open()
    try client.push(#"{"scores":[0.1,0.4,0.35,0.8],"labels":[0,0,1,1]}"#)
    return client
  }

  @Test func `an answer has all its members`() throws {
    var client = try Self.scored()
    #expect(
      try client.query(#"["f1","roc_auc"]"#).json
        == #"{"stream":"s","window":"current","revision":1,"count":4,"total_count":4,"#
        + #""complete":true,"values":{"f1":0.6666666666666666,"roc_auc":0.75},"undefined":{},"#
        + #""intervals":{},"bounds":{},"signatures":{"f1":"f1|task:binary|score_kind:probability|"#
        + #"threshold:>=0.5|zero_division:report|v:1","#
        + #""roc_auc":"roc_auc|task:binary|score_kind:probability|v:1"}}"#)
  }

  @Test(arguments: [
    (#"{"metric":"f_beta","beta":2}"#, "f_beta(beta=2)"),
    (#"{"metric":"f_beta","beta":2.0}"#, "f_beta(beta=2)"),
    (#"{"beta":0.5,"metric":"f_beta"}"#, "f_beta(beta=0.5)"),
    (#"{"metric":"f_beta"}"#, "f_beta"), (#"{"metric":"f1"}"#, "f1"),
    (#"{"metric":"f1","as":"mine"}"#, "mine"),
    (#"{"metric":"f_beta","beta":null}"#, "f_beta"),
    (#"{"metric":"confusion_matrix","normalize":"true"}"#, "confusion_matrix(normalize=true)"),
    (#"{"metric":"partial_roc_auc","max_fpr":0.2}"#, "partial_roc_auc(max_fpr=0.2)"),
  ])
  func `the key of an object is canonical`(metric: String, key: String) throws {
    var client = try Self.scored()
    let answer = try client.query("[\(metric)]")
    #expect(answer["values"]?[key] != nil, "\(answer.json("values"))")
    #expect(answer["signatures"]?[key] != nil)
  }

  @Test(arguments: [
    #"["f1","f1"]"#, #"["f1",{"metric":"f1"}]"#, #"["f1",{"metric":"accuracy","as":"f1"}]"#,
    #"[{"metric":"f_beta","beta":2},{"metric":"f_beta","beta":2.0}]"#,
  ])
  func `two equal keys are refused`(metrics: String) throws {
    var client = try Self.scored()
    let refusal = try client.refusal("metric/query", #"{"stream":"s","metrics":\#(metrics)}"#)
    #expect(refusal.kind == "InvalidParams")
    #expect(refusal.path == "/params/metrics/1")
  }

  @Test(arguments: [
    (#"["roc_au"]"#, "UnknownMetric", "/0", #"did you mean "roc_auc""#),
    (#"["f1","auprc"]"#, "UnknownMetric", "/1", #"here it is called "average_precision""#),
    (#"["acc"]"#, "UnknownMetric", "/0", #"here it is called "accuracy""#),
    (#"["ap"]"#, "UnknownMetric", "/0", #"here it is called "average_precision""#),
    (#"["kappa"]"#, "UnknownMetric", "/0", #"here it is called "cohen_kappa""#),
    (#"["f1@5"]"#, "UnknownMetric", "/0", ""), (#"["recall@"]"#, "UnknownMetric", "/0", ""),
    (#"["recall@99999999999999999999"]"#, "UnknownMetric", "/0", ""),
    (#"[{"metric":"f_beta","bta":2}]"#, "InvalidParams", "/0/bta", #"did you mean "beta"?"#),
    (#"[{"metric":"f_beta","beta":"x"}]"#, "InvalidParams", "/0/beta", ""),
    (#"[{"metric":"f_beta","beta":1e400}]"#, "InvalidParams", "/0/beta", ""),
    (#"[{"metric":"f_beta","as":""}]"#, "InvalidParams", "/0/as", ""),
    (#"[{"name":"f1"}]"#, "InvalidParams", "/0", ""), ("[null]", "InvalidParams", "/0", ""),
    (#"[["f1"]]"#, "InvalidParams", "/0", ""), (#""f1""#, "InvalidParams", "", ""),
  ])
  func `a wrong metric is refused by name`(
    metrics: String, kind: String, path: String, hint: String
  ) throws {
    var client = try Self.scored()
    let refusal = try client.refusal("metric/query", #"{"stream":"s","metrics":\#(metrics)}"#)
    #expect(refusal.kind == kind)
    #expect(refusal.path == "/params/metrics\(path)")
    #expect(refusal.hint.contains(hint), "\(refusal.hint)")
  }

  @Test func `there are at most 1000 metrics`() throws {
    var client = try Self.scored()
    let many = (0...1000).map { #"{"metric":"f1","as":"m\#($0)"}"# }.joined(separator: ",")
    let refusal = try client.refusal("metric/query", #"{"stream":"s","metrics":[\#(many)]}"#)
    #expect(refusal.kind == "TooManyValues")
    #expect(refusal.path == "/params/metrics")
  }

  @Test func `a threshold changes what depends on it`() throws {
    var client = try Self.scored()
    let metrics = #"["recall","roc_auc","confusion_matrix"]"#
    let answer = try client.query(metrics, #""threshold":0.35"#)
    #expect(answer.value("recall") == 1)
    #expect(answer.value("roc_auc") == 0.75)
    #expect(answer["values"]?["confusion_matrix"]?.int("false_positives") == 1)
    #expect(
      answer["signatures"]?.json("recall")
        == #""recall|task:binary|score_kind:probability|zero_division:report|threshold:>=0.35|v:1""#
    )
    for (threshold, positives) in [("\"Infinity\"", 0), ("\"-Infinity\"", 4), ("1e308", 0)] {
      let shares = try client.query(#"["selection_rate"]"#, #""threshold":\#(threshold)"#)
      #expect(shares.value("selection_rate") == Double(positives) / 4)
    }
    for threshold in ["\"NaN\"", "\"x\"", "true", "[]"] {
      #expect(
        try client.refusal("metric/query", #"{"stream":"s","threshold":\#(threshold)}"#).path
          == "/params/threshold")
    }
    // Without one the stream's own counts again.
    #expect(try client.query(#"["recall"]"#).value("recall") == 0.5)
  }

  @Test func `what a stream cannot give is null with a reason, and fails nothing`() throws {
    var client = try Client.open()
    try client.push(#"{"predictions":[1,0,null],"labels":[1,1,0]}"#)
    let answer = try client.query(#"["recall","roc_auc","brier"]"#)
    #expect(answer.value("recall") == 0.5)
    #expect(answer.json("undefined") == #"{"roc_auc":"needs_scores","brier":"needs_scores"}"#)
    let other = try client.query(#"["recall"]"#, #""threshold":0.5"#)
    #expect(other.json("undefined") == #"{"recall":"needs_scores"}"#)
    #expect(
      try client.query(#"["confusion_matrix"]"#)["values"]?["confusion_matrix"]?.int("abstained")
        == 1)
    var raw = try Client.open("binary", #""options":{"score_kind":"score"}"#)
    try raw.push(#"{"scores":[3,-3],"labels":[1,0]}"#)
    #expect(
      try raw.query(#"["brier","roc_auc"]"#).json("undefined")
        == #"{"brier":"needs_probabilities"}"#)
  }

  @Test func `at_least_revision refuses an older state`() throws {
    var client = try Self.scored()
    #expect(try client.query("[]", #""at_least_revision":1"#).int("revision") == 1)
    let refusal = try client.refusal(
      "metric/query", #"{"stream":"s","at_least_revision":2}"#)
    #expect(refusal.path == "/params/at_least_revision")
    #expect(
      try client.refusal(
        "metric/query", #"{"stream":"s","at_least_revision":9223372036854775807}"#
      ).path == "/params/at_least_revision")
  }

  @Test func `the catalogue tells of every metric`() throws {
    var client = Client()
    let metrics = try #require(try client.call("metric/catalog")["metrics"])
    #expect(metrics.count > 30)
    for metric in metrics.elements {
      for key in [
        "name", "task", "options", "range", "better", "undefined", "exact", "keeps_rows",
        "alias_of", "source",
      ] {
        #expect(metric[key] != nil, "\(metric.json("name")) has no \(key)")
      }
      #expect(["\"higher\"", "\"lower\"", "\"neither\""].contains(metric.json("better")))
    }
    let scalar = try #require(try client.call("metric/catalog", #"{"task":"scalar"}"#)["metrics"])
    #expect(scalar.elements.allSatisfy { $0.json("task") == #""scalar""# })
    let fBeta = metrics.elements.first { $0.json("name") == #""f_beta""# }
    #expect(fBeta?["options"]?[0]?.json("name") == #""beta""#)
    let refusal = try client.refusal("metric/catalog", #"{"task":"binry"}"#)
    #expect(refusal.kind == "UnknownTask")
    #expect(refusal.path == "/params/task")
    #expect(refusal.hint == #"did you mean "binary"?"#)
  }

  /// The names of the outline for these tasks, all of them and in its words.
  @Test func `every metric of the outline is there`() throws {
    var client = Client()
    let names = [
      "binary": """
      accuracy balanced_accuracy precision recall specificity negative_predictive_value \
      false_positive_rate false_negative_rate selection_rate prevalence f1 f_beta mcc cohen_kappa \
      jaccard confusion_matrix roc_auc partial_roc_auc average_precision pr_auc log_loss brier ece \
      mce ace ks_statistic gini optimal_f1 optimal_threshold majority_accuracy
      """,
      "scalar": "mean std sum min max sem median quantile",
    ]
    for (task, list) in names {
      let metrics = try client.call("metric/catalog", #"{"task":"\#(task)"}"#)["metrics"]
      let known = Set(metrics?.elements.compactMap { $0["name"]?.string } ?? [])
      #expect(known == Set(list.split(separator: " ").map(String.init)))
      try client.call("stream/open", #"{"stream":"\#(task)","task":"\#(task)"}"#)
      let asked = known.sorted().map { "\"\($0)\"" }.joined(separator: ",")
      let answer = try client.call(
        "metric/query", #"{"stream":"\#(task)","metrics":[\#(asked)]}"#)
      #expect(answer["values"]?.count == known.count)
      #expect(answer["undefined"]?.members.allSatisfy { $0.value.json == #""no_rows""# } == true)
    }
  }
}
