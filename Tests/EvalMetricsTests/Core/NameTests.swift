import EvalTestSupport
import Testing

@testable import EvalMetrics

@Suite struct NameTests {
  /// One text to Swift's `String`, two to everybody else.
  private static let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")

  @Test func `names are told apart by their bytes, and are in order by them`() {
    let (a, b) = (Self.composed, Self.decomposed)
    #expect(a == b)
    #expect(Name(a) != Name(b) && Name(a) == Name(a) && Name(b) == "cafe\u{301}")
    #expect(Name(b) < Name(a) && !(Name(a) < Name(b)) && !(Name(a) < Name(a)))
    #expect(Set([Name(a), Name(b), Name(a)]).count == 2)
    // Also where it is the same bytes' number, and where the text is long.
    #expect(Name("a\u{323}\u{307}") != Name("a\u{307}\u{323}"))
    let long = String(repeating: "x", count: 100)
    #expect(Name(long + a) != Name(long + b) && Name(long + a) == Name(long + a))
    #expect(Name("K") != Name("\u{212A}") && Name("") != "a" && Name("ab") != Name("aB"))
    #expect(Name(a).description == a)
  }

  @Test func `everything that holds a text is told apart by its bytes`() {
    let (a, b) = (Self.composed, Self.decomposed)
    #expect(Value.text(a) != .text(b))
    #expect(Value.record([.init(a, .null)]) != .record([.init(b, .null)]))
    #expect(Value.record([.init(a, .null)]) == .record([.init(a, .null)]))
    #expect(Set([Value.Field(a, .null), Value.Field(b, .null)]).count == 2)
    #expect(SliceDimension(name: Name(a)) != SliceDimension(name: Name(b)))
    #expect(Window.mark(Name(a)) != .mark(Name(b)))
    #expect(ClassName.text(a) != .text(b) && SliceValue.text(a) != .text(b))
    #expect(RowID.text(a) != .text(b))
  }

  /// Marks of different classes in any order are one text to `String`, whose hash they would share: a batch of
  /// such names would take a time that grows with its square.
  @Test func `nobody can prepare names that collide`() {
    let marks: [Unicode.Scalar] = ["\u{301}", "\u{323}", "\u{327}", "\u{31B}", "\u{345}"]
    func orders(_ rest: [Unicode.Scalar]) -> [String] {
      if rest.isEmpty { return [""] }
      return rest.indices.flatMap { place in
        var others = rest
        let first = String(Character(others.remove(at: place)))
        return orders(others).map { first + $0 }
      }
    }
    let texts = orders(marks).map { "e" + $0 }
    #expect(texts.count == 120 && Set(texts).count == 1)
    #expect(Set(texts.map { Name($0).hashValue }).count > 110)
    #expect(Set(texts.map { Value.text($0).hashValue }).count > 110)
    #expect(Set(texts.map { Value.Field($0, .null).hashValue }).count > 110)
    #expect(Set(texts.map { RowID.text($0).hashValue }).count > 110)
    #expect(Set(texts.map { ClassName.text($0).hashValue }).count > 110)
    #expect(Set(texts.map { SliceValue.text($0).hashValue }).count > 110)
  }

  @Test func `a text in a message is short, however long its characters are`() {
    let long = "e" + String(repeating: "\u{301}", count: 100_000)
    #expect(Value.text(long).brief.utf8.count < 150)
  }

  /// What is compared with fixed names may stay `String`: no other text is canonically equivalent to one in ASCII,
  /// but for these three characters.
  @Test func `fixed names have one spelling`() throws {
    var names = Tasks.names
    for task in Tasks.names {
      let inputs = try #require(Tasks.inputs(of: task))
      names += inputs.columns.map(\.name)
      names += inputs.options.flatMap(Self.texts)
      for metric in try Tasks.metrics(of: task) {
        names.append(metric.name)
        names += metric.options.flatMap(Self.texts)
      }
    }
    for name in names {
      #expect(name.utf8.allSatisfy { $0 < 0x80 && !"K;`".utf8.contains($0) }, "\(name)")
    }
    #expect(names.count > 300)
  }

  private static func texts(of option: OptionSpec) -> [String] {
    switch option.kind {
    case .choice(let names): [option.name] + names
    case .oneOf(let values): [option.name] + values.compactMap(\.string)
    default: [option.name]
    }
  }

  @Test func `slices that differ in bytes only are two, in whatever order they came`() throws {
    let (a, b) = (Name(Self.composed), Name(Self.decomposed))
    func engine() throws -> any TaskEngine {
      try Tasks.engine(
        task: "scalar", options: [.init("unique_ids", .bool(true))],
        dimensions: [SliceDimension(name: a), SliceDimension(name: b)])
    }
    func columns(_ slices: [(Name, Column)], _ id: String) throws -> Columns {
      try Columns(
        [("values", .values([.number(1)])), ("ids", .values([.text(id)]))], slices: slices)
    }
    func exported(_ engine: any TaskEngine) throws -> [UInt8] {
      var (engine, writer) = (engine, StateWriter())
      _ = try engine.exportRows(of: .current, into: &writer)
      return writer.bytes
    }
    let (x, y) = ((a, Column.constant(.text("x"))), (b, Column.constant(.text("y"))))
    // The one id has the fingerprint of the same row, whichever way its slices stood.
    var first = try engine()
    _ = try first.push(try columns([x, y], "1"))
    let again = try first.push(try columns([y, x], "1"))
    #expect(again.duplicates == 1 && again.conflicting == 0)
    let other = try first.push(try columns([(a, y.1), (b, x.1)], "1"))
    #expect(other.duplicates == 1 && other.conflicting == 1)
    let cell = try first.answers(
      [], in: Scope(slice: [0: .text("x"), 1: .text("y")]), threshold: nil)
    #expect(cell.count == 1)
    // And states merge to the same bytes in either order, of ids that are two as well.
    var (parts, bytes) = ([[UInt8]](), Set<[UInt8]>())
    for id in [Self.composed, Self.decomposed, "z"] {
      var part = try engine()
      _ = try part.push(try columns([x, y], id))
      parts.append(try exported(part))
    }
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [1, 2, 0]] {
      var whole = try engine()
      for place in order {
        var reader = StateReader(parts[place])
        _ = try whole.mergeRows(from: &reader)
      }
      bytes.insert(try exported(whole))
      #expect(whole.count == 3)
    }
    #expect(bytes.count == 1)
  }

  @Test func `windows are found by the bytes of their labels, also where one was just asked for`()
    throws
  {
    var engine = try Tasks.engine(task: "scalar", options: [], keepWindows: 4)
    let labels = [Name(Self.composed), Name(Self.decomposed)]
    for (place, label) in labels.enumerated() {
      _ = try engine.push(try Columns([("values", .values([.number(Double(place))]))]))
      engine.mark(label)
    }
    let sum = try Tasks.resolve(.text("sum"), task: "scalar")
    for (place, label) in labels.enumerated() {
      let found = try engine.answers([sum], in: Scope(window: .mark(label)), threshold: nil)
      #expect(found.answers.first?.number == Double(place))
    }
  }
}
