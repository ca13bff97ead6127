import WireJSON

extension Dispatcher {
  /// The OpenRPC 1.3.2 document of the table.
  func writeOpenRPC(_ writer: inout JSONWriter) {
    let kinds = Dictionary(
      (ErrorKind.ofTheEnvelope + info.errors).map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first })
    writer.beginObject()
    writer.field("openrpc", "1.3.2")
    writer.key("info")
    writer.beginObject()
    writer.field("title", info.name)
    writer.field("version", info.version)
    writer.endObject()
    writer.key("methods")
    writer.beginArray()
    for (position, method) in methods.enumerated() where index.position(of: method.name) == position
    {
      write(method, kinds: kinds, &writer)
    }
    writer.endArray()
    // OpenRPC has no word for what a server sends unasked.
    writer.key("x-notifications")
    writer.beginArray()
    for notification in info.notifications {
      writer.beginObject()
      writer.field("name", notification.name)
      writer.field("summary", notification.summary)
      write(notification.parameters, &writer)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }

  private func write(
    _ method: Method<Context>, kinds: [String: ErrorKind], _ writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.field("name", method.name)
    writer.field("summary", method.summary)
    writer.field("paramStructure", "by-name")
    write(method.parameters, &writer)
    writer.key("result")
    writer.beginObject()
    writer.field("name", "result")
    writer.key("schema")
    writer.raw(Array(method.resultSchema.utf8))
    writer.endObject()
    if !method.errors.isEmpty {
      writer.key("errors")
      writer.beginArray()
      for name in method.errors {
        guard let kind = kinds[name] else { continue }
        writer.beginObject()
        writer.field("code", kind.code)
        writer.field("message", kind.summary)
        writer.key("data")
        writer.beginObject()
        writer.field("kind", kind.name)
        writer.endObject()
        writer.endObject()
      }
      writer.endArray()
    }
    writer.endObject()
  }

  private func write(_ parameters: [Parameter], _ writer: inout JSONWriter) {
    writer.key("params")
    writer.beginArray()
    for parameter in parameters {
      writer.beginObject()
      writer.field("name", parameter.name)
      writer.field("summary", parameter.summary)
      writer.field("required", parameter.required)
      writer.key("schema")
      writer.raw(Array(parameter.schema.utf8))
      writer.endObject()
    }
    writer.endArray()
  }
}
