use super::*;

fn output(format: Format, columns: &[&str], sort: &[&str]) -> OutputSettings {
    let list = |l: &[&str]| l.iter().map(|s| (*s).to_owned()).collect();
    OutputSettings { format, columns: list(columns), sort: list(sort) }
}

fn table() -> Table {
    let mut table = Table::new(&["id", "name"]);
    table.push(vec!["10".into(), "a,b".into()]);
    table.push(vec!["9".into(), "c".into()]);
    table
}

#[test]
fn forms() {
    let plain = |format, columns: &[&str], sort: &[&str]| table().plain(&output(format, columns, sort)).unwrap();
    assert_eq!(plain(Format::Csv, &[], &[]), "id,name\n10,\"a,b\"\n9,c\n");
    assert_eq!(plain(Format::Value, &["NAME"], &["id"]), "c\na,b\n");
    insta::assert_snapshot!(table().render(&output(Format::Table, &[], &["id"]), None, false).unwrap().text, @"
    +----+------+
    | id | name |
    +----+------+
    | 9  | c    |
    | 10 | a,b  |
    +----+------+
    ");
}

#[test]
fn an_unknown_column_lists_what_there_is() {
    let error = table().render(&output(Format::Table, &["mac"], &[]), None, false).unwrap_err();
    assert_eq!(
        (error.message.as_str(), error.hint.as_deref()),
        ("there is no column `mac`", Some("columns: id, name"))
    );
}

#[test]
fn numbers_in_text_sort_by_value() {
    let mut names = ["node-10", "node-2", "node-02x", "9", "10", "a", "node-2b", "", "node-100000000000000000000"];
    names.sort_by(|a, b| natural(a, b));
    assert_eq!(names, ["", "9", "10", "a", "node-2", "node-2b", "node-02x", "node-10", "node-100000000000000000000"]);
}

fn nodes() -> Table {
    let tone = |word: &str| if word == "installed" { Tone::Good } else { Tone::Bad };
    let mut table = Table::new(&["name", "roles", "state", "detail"])
        .gives_way(&["roles"])
        .flowing(&["detail"])
        .toned("state", tone);
    let mut push = |cells: [&str; 4]| table.push(cells.map(str::to_owned).to_vec());
    push(["node-1", "controller, mongo", "installed", ""]);
    push(["node-2", "compute", "timeout", "no connection within 10 s; the address is in the admin network"]);
    table
}

#[test]
fn a_narrow_terminal_drops_columns_and_wraps_at_words() {
    let shown = nodes().render(&output(Format::Table, &[], &[]), Some(60), false).unwrap();
    assert_eq!(shown.left_out, ["roles"]);
    insta::assert_snapshot!(shown.text, @"
    +--------+-----------+-------------------------------------+
    | name   | state     | detail                              |
    +--------+-----------+-------------------------------------+
    | node-1 | installed |                                     |
    | node-2 | timeout   | no connection within 10 s; the      |
    |        |           | address is in the admin network     |
    +--------+-----------+-------------------------------------+
    ");
    let asked = nodes().render(&output(Format::Table, &["name", "roles"], &[]), Some(30), false).unwrap();
    assert_eq!(asked.left_out, [""; 0], "a column that was asked for stays");
    insta::assert_snapshot!(asked.text, @"
    +--------+-------------------+
    | name   | roles             |
    +--------+-------------------+
    | node-1 | controller, mongo |
    | node-2 | compute           |
    +--------+-------------------+
    ");
}

#[test]
fn colour_is_laid_over_the_words() {
    let plain = nodes().render(&output(Format::Table, &[], &[]), None, false).unwrap().text;
    let coloured = nodes().render(&output(Format::Table, &[], &[]), None, true).unwrap().text;
    assert!(
        coloured.contains("| \x1b[32minstalled\x1b[0m |") && coloured.contains("\x1b[31mtimeout\x1b[0m"),
        "{coloured}"
    );
    let mut without = coloured;
    for code in ["\x1b[32m", "\x1b[31m", "\x1b[0m"] {
        without = without.replace(code, "");
    }
    assert_eq!(without, plain);
}
