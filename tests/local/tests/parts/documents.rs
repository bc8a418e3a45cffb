//! The Markdown documents: their links lead somewhere, the files that they name exist, and a
//! reader of README.md finds every page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use local::build::workspace;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// What one document holds that can be wrong.
#[derive(Default)]
pub(crate) struct Document {
    /// The fragments that a link may name, as GitHub makes them from headings.
    anchors: BTreeSet<String>,
    links: Vec<String>,
    /// The text of each `code span`.
    pub(crate) code: Vec<String>,
    /// The text of each block of code.
    pub(crate) blocks: Vec<String>,
}

impl Document {
    fn parse(text: &str) -> Self {
        let mut document = Self::default();
        let mut heading: Option<String> = None;
        let mut block: Option<String> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    document.add_anchor(&heading.take().unwrap_or_default());
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push(dest_url.into_string());
                }
                Event::Start(Tag::CodeBlock(_)) => block = Some(String::new()),
                Event::End(TagEnd::CodeBlock) => document.blocks.extend(block.take()),
                Event::Text(text) => {
                    let open = heading.iter_mut().chain(&mut block);
                    open.for_each(|open| *open += &text);
                }
                Event::Code(code) => {
                    heading.iter_mut().for_each(|title| *title += &code);
                    document.code.push(code.into_string());
                }
                _ => {}
            }
        }
        document
    }

    fn add_anchor(&mut self, title: &str) {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let slug: String = title.to_lowercase().chars().filter(kept).collect();
        let slug = slug.replace(' ', "-");
        let again = (1..).map(|n| format!("{slug}-{n}"));
        let mut names = std::iter::once(slug.clone()).chain(again);
        let free = names.find(|name| !self.anchors.contains(name));
        self.anchors.extend(free);
    }
}

/// The documents below a folder, by their paths in it.
pub(crate) struct Library {
    root: PathBuf,
    pub(crate) documents: BTreeMap<PathBuf, Document>,
}

impl Library {
    pub(crate) fn read(root: &Path) -> Self {
        let mut library = Self {
            root: root.to_owned(),
            documents: BTreeMap::new(),
        };
        library.read_folder(Path::new(""));
        library
    }

    fn read_folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(self.root.join(folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().expect("a kind");
            if kind.is_dir() && is_source(&path) {
                self.read_folder(&path);
            } else if kind.is_file() && path.extension().is_some_and(|end| end == "md") {
                let text = std::fs::read_to_string(entry.path()).expect("text");
                self.documents.insert(path, Document::parse(&text));
            }
        }
    }

    /// Where a link of `page` leads: the file, and the anchor in it; `None` for another site.
    fn target<'a>(&self, page: &Path, link: &'a str) -> Option<(PathBuf, &'a str)> {
        if link.contains("://") || link.starts_with("mailto:") {
            return None;
        }
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        if file.is_empty() {
            return Some((page.to_owned(), anchor));
        }
        let folder = page.parent().unwrap_or(Path::new(""));
        Some((flat(&folder.join(file)), anchor))
    }

    fn broken_links(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (page, document) in &self.documents {
            for link in &document.links {
                let Some((file, anchor)) = self.target(page, link) else {
                    continue;
                };
                let there = self.documents.get(&file);
                let leads = self.root.join(&file).exists()
                    && (anchor.is_empty() || there.is_some_and(|it| it.anchors.contains(anchor)));
                if !leads {
                    broken.push(format!("{}: {link}", page.display()));
                }
            }
        }
        broken
    }

    /// Paths in code spans, from the root of the repository, that are not there.
    fn missing_files(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (page, document) in &self.documents {
            for code in &document.code {
                let plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
                let top = code.split('/').next().unwrap_or_default();
                let is_ours = code.contains('/') && !top.is_empty() && code.chars().all(plain);
                let is_ours = is_ours && is_source(Path::new(top)) && self.root.join(top).is_dir();
                if is_ours && !self.root.join(code).exists() {
                    missing.push(format!("{}: {code}", page.display()));
                }
            }
        }
        missing
    }

    /// Documents that no chain of links from README.md leads to.
    fn unreachable(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut next = vec![PathBuf::from("README.md")];
        while let Some(page) = next.pop() {
            let Some(document) = self.documents.get(&page) else {
                continue;
            };
            if seen.insert(page.clone()) {
                let targets = document
                    .links
                    .iter()
                    .filter_map(|to| self.target(&page, to));
                next.extend(targets.map(|(file, _)| file));
            }
        }
        let unseen = self.documents.keys().filter(|page| !seen.contains(*page));
        unseen.map(|page| page.display().to_string()).collect()
    }
}

/// Not what a build or a tool puts beside the sources.
fn is_source(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let hidden = name.starts_with('.') && !matches!(&*name, ".ci" | ".github");
    !hidden && !matches!(&*name, "target" | "node_modules" | "__pycache__")
}

/// The path without `..`.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir if flat.pop() => {}
            Component::CurDir => {}
            other => flat.push(other),
        }
    }
    flat
}

#[test]
fn every_link_and_every_file_that_a_document_names_is_there() {
    let library = Library::read(&workspace());
    assert!(library.documents.len() > 10, "too few documents were found");
    assert_eq!(library.broken_links(), [""; 0]);
    assert_eq!(library.missing_files(), [""; 0]);
    assert_eq!(library.unreachable(), [""; 0]);
}

#[test]
fn broken_links_missing_files_and_lost_pages_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = "# A `b` (c)\n## Twice\n## Twice\n[1](docs/in.md#up) [2](docs/gone.md) [3](#a-b-c)\n\
        [4](#twice-1) [5](#twice-2) [6](docs/in.md#down) [7](https://example.com/x)\n\
        `docs/in.md` `docs/other.rs` `target/x` `a/b`\n```\n[8](code.md) `docs/9.rs`\n```\n";
    std::fs::create_dir_all(folder.path().join("docs")).expect("a folder");
    std::fs::create_dir_all(folder.path().join("target")).expect("a folder");
    for (name, text) in [
        ("README.md", page),
        ("docs/in.md", "# Up\n[back](../README.md#twice)"),
        ("docs/lost.md", "[out](in.md) [beyond](../../x.md)"),
        ("target/built.md", "[nowhere](nowhere.md)"),
    ] {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let library = Library::read(folder.path());
    let broken = [
        "README.md: docs/gone.md",
        "README.md: #twice-2",
        "README.md: docs/in.md#down",
        "docs/lost.md: ../../x.md",
    ];
    assert_eq!(library.broken_links(), broken);
    assert_eq!(library.missing_files(), ["README.md: docs/other.rs"]);
    assert_eq!(library.unreachable(), ["docs/lost.md"]);
}
