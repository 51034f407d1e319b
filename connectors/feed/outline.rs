//! How is this XML built, without building it? A streaming look at the tags: depth, root, whole
//! items.
//!
//! The look runs before any parser, so that a document nested a million deep is refused in one
//! pass, and after a parser gave up, to find the items that are whole.

/// Elements within elements at most; real feeds stay below 20.
pub(super) const DEPTH_MAX: usize = 64;

/// Items in one document at most.
pub(super) const ITEMS_MAX: usize = 5_000;

/// Tags in one document at most.
pub(super) const TAGS_MAX: usize = 300_000;

/// Bytes of one tag at most: a parser compares its attributes each with all others.
pub(super) const TAG_BYTES_MAX: usize = 8 << 10;

/// One tag of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// Name as written, with its prefix.
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    /// Bytes `start..end` of the text, angle brackets included.
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    Empty,
}

impl Tag<'_> {
    /// The name without its prefix.
    pub(super) fn local(&self) -> &str {
        self.name.rsplit(':').next().unwrap_or(self.name)
    }
}

/// The tags of a text in order; comments, CDATA, instructions and declarations are passed over.
pub(super) struct Tags<'a> {
    text: &'a str,
    at: usize,
    /// A tag was longer than [`TAG_BYTES_MAX`], and the walk ended there.
    too_long: bool,
}

impl<'a> Tags<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, too_long: false }
    }

    /// Jumps behind `end`, or to the end of the text if it never comes.
    fn skip_past(&mut self, from: usize, end: &str) {
        self.at = self.text[from..].find(end).map_or(self.text.len(), |at| from + at + end.len());
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = self.at + self.text[self.at..].find('<')?;
            let rest = &self.text[start..];
            if rest.starts_with("<!--") {
                self.skip_past(start + 4, "-->");
            } else if rest.starts_with("<![CDATA[") {
                self.skip_past(start + 9, "]]>");
            } else if rest.starts_with("<?") {
                self.skip_past(start + 2, "?>");
            } else if rest.starts_with("<!") {
                self.skip_past(start + 2, ">");
            } else {
                match tag_at(self.text, start) {
                    Found::Tag(tag) => {
                        self.at = tag.end;
                        return Some(tag);
                    }
                    Found::None => self.at = start + 1,
                    Found::Endless => {
                        self.too_long = self.text.len() - start > TAG_BYTES_MAX;
                        self.at = self.text.len();
                    }
                }
            }
        }
    }
}

/// What begins at a `<`.
enum Found<'a> {
    Tag(Tag<'a>),
    /// A bracket in running text.
    None,
    /// A tag whose end is not found within [`TAG_BYTES_MAX`], or not at all.
    Endless,
}

fn tag_at(text: &str, start: usize) -> Found<'_> {
    let bytes = text.as_bytes();
    let close = bytes.get(start + 1) == Some(&b'/');
    let name_start = start + 1 + usize::from(close);
    let window = &bytes[name_start..bytes.len().min(start + TAG_BYTES_MAX)];
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || b">/<\"'".contains(byte);
    let Some(name_length) = window.iter().position(is_end) else { return Found::Endless };
    let name = &text[name_start..name_start + name_length];
    if name.is_empty() {
        return Found::None;
    }
    let mut quote = None;
    for (at, byte) in window.iter().enumerate().skip(name_length) {
        let end = name_start + at;
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            (None, b'>') => {
                let kind = match (close, bytes[end - 1]) {
                    (true, _) => Kind::Close,
                    (false, b'/') => Kind::Empty,
                    (false, _) => Kind::Open,
                };
                return Found::Tag(Tag { name, kind, start, end: end + 1 });
            }
            (None, b'<') => return Found::None,
            _ => {}
        }
    }
    Found::Endless
}

/// What the tags say of a document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline<'a> {
    /// Local name of the first element.
    pub(super) root: &'a str,
    /// Bytes `start..end` of every whole `item` or `entry`.
    pub(super) items: Vec<(usize, usize)>,
    /// Elements that are open where the first item begins, outermost first.
    pub(super) around: Vec<&'a str>,
}

/// The document is past [`DEPTH_MAX`], [`ITEMS_MAX`], [`TAGS_MAX`] or [`TAG_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// One pass over the tags.
pub(super) fn outline(text: &str) -> Result<Outline<'_>, TooMuch> {
    let mut found = Outline::default();
    let mut open: Vec<&str> = Vec::new();
    let mut item: Option<(usize, &str)> = None;
    let mut tags = Tags::new(text);
    let (mut count, mut begun) = (0, 0);
    for tag in tags.by_ref() {
        count += 1;
        let begins = tag.kind != Kind::Close && matches!(tag.local(), "item" | "entry");
        begun += usize::from(begins);
        if count > TAGS_MAX || begun > ITEMS_MAX {
            return Err(TooMuch);
        }
        match tag.kind {
            Kind::Empty => {}
            Kind::Open => {
                if found.root.is_empty() {
                    found.root = tag.name.rsplit(':').next().unwrap_or(tag.name);
                }
                if matches!(tag.local(), "item" | "entry") {
                    if found.items.is_empty() && item.is_none() {
                        found.around = open.clone();
                    }
                    // An item inside an item: the outer one was never closed.
                    item = Some((tag.start, tag.name));
                }
                open.push(tag.name);
                if open.len() > DEPTH_MAX {
                    return Err(TooMuch);
                }
            }
            Kind::Close => {
                if let Some((start, name)) = item
                    && name == tag.name
                {
                    found.items.push((start, tag.end));
                    item = None;
                }
                if let Some(at) = open.iter().rposition(|name| *name == tag.name) {
                    open.truncate(at);
                }
            }
        }
    }
    if tags.too_long { Err(TooMuch) } else { Ok(found) }
}
