/// The names that `name` is probably a slip of: at most three, the nearest first.
///
/// Case and the separators `/ _ - . $` and blanks don't count; a swap of neighbours is one slip.
/// A name is near when one slip in three characters turns it into the other, or when `name` is a
/// whole part of it (`push` of `stream/push`). Names over 64 characters have no near names.
public func nearNames(_ name: String, in candidates: [String]) -> [String] {
  let longest = 64
  guard !name.isEmpty, name.utf8.count <= longest else { return [] }
  let wanted = folded(name)
  var found: [(name: String, distance: Int)] = []
  for candidate in candidates where candidate.utf8.count <= longest && candidate != name {
    let other = folded(candidate)
    let allowed = max(1, max(wanted.count, other.count) / 3)
    if let distance = slips(from: wanted, to: other, atMost: allowed) {
      found.append((candidate, distance))
    } else if wanted.count >= 2 && parts(of: candidate).contains(wanted) {
      found.append((candidate, allowed + 1))
    }
  }
  guard let best = found.map(\.distance).min() else { return [] }
  // What is much further off than the best is no help beside it.
  found.removeAll { $0.distance > (best == 0 ? 0 : best + 1) }
  // A stable order: by distance, then as the candidates were given.
  return found.enumerated()
    .sorted { ($0.element.distance, $0.offset) < ($1.element.distance, $1.offset) }
    .prefix(3).map { $0.element.name }
}

/// A hint made of near names: `did you mean "f1" or "f_beta"?`; `otherwise` when there are none.
public func nearNamesHint(
  _ name: String, in candidates: [String], otherwise: String = ""
) -> String {
  let near = nearNames(name, in: candidates).map { "\"\($0)\"" }
  switch near.count {
  case 0: return otherwise
  case 1: return "did you mean \(near[0])?"
  default:
    let all = near.dropLast().joined(separator: ", ")
    return "did you mean \(all) or \(near[near.count - 1])?"
  }
}

/// `name` in quotation marks for a message, cut to 80 code points so that no reply grows with it.
public func quoted(_ name: String) -> String { "\"\(clipped(name))\"" }

/// `name`, cut to 80 code points. Code points, since one character may be of any length.
public func clipped(_ name: String) -> String {
  let longest = 80
  let scalars = name.unicodeScalars
  let end = scalars.index(scalars.startIndex, offsetBy: longest, limitedBy: scalars.endIndex)
  guard let end, end < scalars.endIndex else { return name }
  return String(scalars[..<end]) + "…"
}

private func isSeparator(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
    UInt8(ascii: "$"), UInt8(ascii: " "):
    return true
  default: return false
  }
}

/// Lower case, without separators.
private func folded(_ name: String) -> [UInt8] {
  name.utf8.filter { !isSeparator($0) }.map(lowercased)
}

private func lowercased(_ byte: UInt8) -> UInt8 {
  (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}

private func parts(of name: String) -> [[UInt8]] {
  name.utf8.split(whereSeparator: isSeparator).map { $0.map(lowercased) }
}

/// The optimal string alignment distance, or nil when it is over `limit`.
private func slips(from a: [UInt8], to b: [UInt8], atMost limit: Int) -> Int? {
  guard abs(a.count - b.count) <= limit else { return nil }
  guard !a.isEmpty, !b.isEmpty else { return nil }
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  for i in 1...a.count {
    var row = [Int](repeating: i, count: b.count + 1)
    for j in 1...b.count {
      let replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
      row[j] = min(replaced, last[j] + 1, row[j - 1] + 1)
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
        row[j] = min(row[j], beforeLast[j - 2] + 1)
      }
    }
    (beforeLast, last) = (last, row)
  }
  return last[b.count] <= limit ? last[b.count] : nil
}
