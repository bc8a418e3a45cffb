//! What tests read in the Markdown pages of `docs/`: tables and blocks of code.

use std::path::PathBuf;

use local::build::workspace;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A table of a page.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The words of the first row.
    pub(crate) header: Vec<String>,
    /// The other rows.
    pub(crate) rows: Vec<Row>,
}

/// A row of a table: the code spans of each cell, or the cell's text where it has none.
pub(crate) type Row = Vec<Vec<String>>;

fn read(page: &str) -> String {
    std::fs::read_to_string(workspace().join("docs").join(page)).expect("a page")
}

/// The tables of a page.
pub(crate) fn tables(page: &str) -> Vec<Table> {
    let mut tables = Vec::new();
    let (mut table, mut row) = (Table::default(), Row::new());
    let (mut codes, mut words) = (Vec::new(), String::new());
    for event in Parser::new_ext(&read(page), Options::ENABLE_TABLES) {
        match event {
            Event::Code(code) => codes.push(code.into_string()),
            Event::Text(text) => words += &text,
            Event::Start(Tag::TableCell) => (codes, words) = (Vec::new(), String::new()),
            Event::End(TagEnd::TableCell) => {
                if codes.is_empty() {
                    codes.push(std::mem::take(&mut words));
                }
                row.push(std::mem::take(&mut codes));
            }
            Event::End(TagEnd::TableHead) => table.header = std::mem::take(&mut row).concat(),
            Event::End(TagEnd::TableRow) => table.rows.push(std::mem::take(&mut row)),
            Event::End(TagEnd::Table) => tables.push(std::mem::take(&mut table)),
            _ => {}
        }
    }
    tables
}

/// The one table of a page with this header.
pub(crate) fn table(page: &str, header: &[&str]) -> Table {
    let mut found = tables(page)
        .into_iter()
        .filter(|table| table.header == header);
    let table = found
        .next()
        .unwrap_or_else(|| panic!("{page} has no table {header:?}"));
    assert!(found.next().is_none(), "{page} has two tables {header:?}");
    table
}

/// The names of the pages.
pub(crate) fn pages() -> Vec<String> {
    let entries = std::fs::read_dir(workspace().join("docs")).expect("pages");
    let names = entries.map(|entry| PathBuf::from(entry.expect("an entry").file_name()));
    let pages = names.filter(|name| name.extension().is_some_and(|end| end == "md"));
    pages.map(|page| page.display().to_string()).collect()
}

/// The blocks of code of a page that are in this language.
pub(crate) fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut block = None;
    let mut blocks = Vec::new();
    for event in Parser::new(&read(page)) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(named))) => {
                block = (*named == *language).then(String::new);
            }
            Event::Text(text) => block.iter_mut().for_each(|block| *block += &text),
            Event::End(TagEnd::CodeBlock) => blocks.extend(block.take()),
            _ => {}
        }
    }
    blocks
}
