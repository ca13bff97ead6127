import EvalMetrics
import EvalTestSupport
import Testing

@Suite struct ClassTableTests {
  private func codes(
    _ values: [Value], _ table: inout ClassTable, _ reading: ClassReading = ClassReading()
  ) throws -> [Int32] {
    try Columns([("labels", .values(values))]).classCodes("labels", in: &table, reading)
  }

  private func fault(
    _ values: [Value], _ declared: DeclaredClasses, _ reading: ClassReading = ClassReading()
  ) -> InputError? {
    inputError {
      var table = ClassTable(declared)
      _ = try codes(values, &table, reading)
    }
  }

  @Test func integersAreTheirOwnCodes() throws {
    var table = ClassTable()
    #expect(try codes([.integer(3), .number(0), .bool(true)], &table) == [3, 0, 1])
    #expect(table.isRange)
    #expect(table.name(3) == .integer(3))
  }

  @Test func namesGrowAndAreToldInOrder() throws {
    var table = ClassTable()
    #expect(try codes([.text("b"), .text("a"), .text("b")], &table) == [0, 1, 0])
    #expect(try codes([.integer(-5), .text("c"), .text("a")], &table) == [2, 3, 1])
    #expect(
      table.canonicalOrder.map(table.name) == [.integer(-5), .text("a"), .text("b"), .text("c")])
  }

  @Test func largeIntegersAreNamesToo() throws {
    var table = ClassTable()
    #expect(try codes([.integer(2)], &table) == [2])
    let wide = try codes([.integer(1 << 40), .integer(2), .integer(-1), .integer(1)], &table)
    #expect(wide.map { table.name(Int($0)) } == [1 << 40, 2, -1, 1].map(ClassName.integer))
    #expect(table.canonicalOrder.map(table.name).first == .integer(-1))
  }

  @Test func declaredNamesKeepTheirOrder() throws {
    var table = ClassTable(.names([.text("z"), .integer(7), .text("8")]))
    // 8 is no name, but its text is.
    #expect(try codes([.integer(7), .text("z"), .integer(8), .text("8")], &table) == [1, 0, 2, 2])
    #expect(table.canonicalOrder == [0, 1, 2])
    #expect(
      fault([.text("z"), .text("7")], .names([.text("z"), .integer(7)]))?.path.last == .index(1))
  }

  @Test func accentsSpelledInTwoWaysAreTwoClasses() throws {
    var table = ClassTable()
    #expect(try codes([.text("\u{E9}"), .text("e\u{301}")], &table) == [0, 1])
  }

  @Test func nullAndTheIgnoredClassHaveCodesOfTheirOwn() throws {
    let reading = ClassReading(allowsNull: true, ignored: .integer(-100))
    var table = ClassTable(.count(3))
    #expect(try codes([.null, .integer(-100), .integer(2)], &table, reading) == [-1, -2, 2])
    let column = Column.integers([-100, 1])
    #expect(try Columns([("labels", column)]).classCodes("labels", in: &table, reading) == [-2, 1])
  }

  @Test func faultsNameTheRow() {
    #expect(fault([.integer(0), .integer(3)], .count(3))?.path == [.key("labels"), .index(1)])
    #expect(fault([.integer(-1)], .count(3))?.hint == "the classes are the integers 0 to 2")
    #expect(fault([.integer(0), .null], .asSeen)?.path == [.key("labels"), .index(1)])
    #expect(fault([.number(0.5)], .asSeen) != nil)
    #expect(fault([.unsigned(.max)], .asSeen) != nil)
    #expect(fault([.list([])], .asSeen) != nil)
  }

  @Test func optionsAreCountsOrDifferentNames() throws {
    #expect(try DeclaredClasses(.integer(4)) == .count(4))
    #expect(
      try DeclaredClasses(.list([.text("a"), .number(2)])) == .names([.text("a"), .integer(2)]))
    for bad: Value in [
      .integer(0), .integer(1_000_001), .text("a"), .list([]), .list([.text("a"), .text("a")]),
      .list([.number(0.5)]), .list([.null]),
    ] {
      #expect(inputError { _ = try DeclaredClasses(bad) } != nil, "\(bad)")
    }
  }

  @Test func tablesOfOneStreamShareTheirCodes() throws {
    var table = ClassTable()
    _ = try codes([.text("b"), .text("a")], &table)
    var state = ClassTable()
    #expect(state.adopt(table) == nil)
    _ = try codes([.text("c")], &table)
    #expect(state.adopt(table) == nil)
    #expect(state.count == 3)
    var other = ClassTable()
    _ = try codes([.text("d"), .text("a")], &other)
    let map = state.adopt(other)
    #expect(map?.map(state.name) == [.text("d"), .text("a")])
  }
}
