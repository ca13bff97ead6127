/// The documents of a window in chunks, so that a large batch is kept as it came and nothing large is copied as more
/// come. A row's number tells its chunk and its place there; numbers of rows that came together follow each other.
struct KeptDocuments: Sendable {
  private(set) var chunks: [JudgedDocuments] = []

  /// The most rows of a chunk that takes up several batches.
  private static let rowsOfChunk = 32_768
  private static let placeBits = 32

  static func chunk(of row: Int) -> Int { row >> placeBits }
  static func place(of row: Int) -> Int { row & (1 << placeBits - 1) }

  /// Adds documents, and gives the number of the first of them.
  mutating func append(_ documents: JudgedDocuments) -> Int {
    let last = chunks.count - 1
    if last >= 0 && chunks[last].count + documents.count <= Self.rowsOfChunk {
      let first = (last << Self.placeBits) + chunks[last].count
      chunks[last].append(documents)
      return first
    }
    chunks.append(documents)
    return (chunks.count - 1) << Self.placeBits
  }

  /// Adds all documents of another, and gives the new number of the first of each of its chunks.
  mutating func append(_ other: KeptDocuments) -> [Int] { other.chunks.map { append($0) } }

  func score(_ row: Int) -> Double { chunks[Self.chunk(of: row)].scores[Self.place(of: row)] }

  func relevance(_ row: Int) -> Double {
    chunks[Self.chunk(of: row)].relevances[Self.place(of: row)]
  }

  func isVacant(_ row: Int) -> Bool {
    chunks[Self.chunk(of: row)].isVacant(Self.place(of: row))
  }

  /// Whether the documents of a row's batch have names.
  func hasName(_ row: Int) -> Bool { !chunks[Self.chunk(of: row)].names.ends.isEmpty }

  /// The name of a document; empty where it has none.
  func name(_ row: Int) -> ArraySlice<UInt8> {
    let names = chunks[Self.chunk(of: row)].names
    return names.ends.isEmpty ? [] : names.bytes[names.range(Self.place(of: row))]
  }

  var byteCount: Int { chunks.reduce(0) { $0 + $1.byteCount + 64 } }
}
