//! Cuts a text into segments that are read in the same way.

/// What kind of region this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Region {
    /// A pull request's title: issue keys in any case.
    Title,
    /// The words of a link that says nothing to us: no numbers and mentions, as GitHub makes none there.
    LinkText,
    /// The name of a branch.
    Branch,
    /// Code, comments and what has been read already: nothing.
    Silent,
}

/// How a segment is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// Where it ends (exclusive).
    pub(crate) end: usize,
    /// The strongest region that covers it; `None` for plain text.
    pub(crate) region: Option<Region>,
}

/// Regions as they are found, in any order, overlapping at will.
#[derive(Debug)]
pub(crate) struct Regions<'a> {
    text: &'a str,
    list: Vec<(usize, usize, Region)>,
}

impl<'a> Regions<'a> {
    /// No regions yet.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, list: Vec::new() }
    }

    /// Add a region; one that is empty or no part of the text is ignored.
    pub(crate) fn push(&mut self, start: usize, end: usize, region: Region) {
        if start < end && self.text.get(start..end).is_some() {
            self.list.push((start, end, region));
        }
    }

    /// The segments, which tile the text. The strongest region wins where several overlap.
    pub(crate) fn into_segments(self) -> Vec<Segment> {
        let mut edges: Vec<(usize, bool, Region)> = Vec::with_capacity(self.list.len() * 2 + 1);
        for (start, end, region) in self.list {
            edges.push((start, true, region));
            edges.push((end, false, region));
        }
        edges.sort_unstable();
        let mut open = [0_u32; 4];
        let (mut out, mut at): (Vec<Segment>, _) = (Vec::new(), 0);
        let strongest = |open: &[u32; 4]| {
            [Region::Silent, Region::Branch, Region::LinkText, Region::Title]
                .into_iter()
                .find(|region| open[slot(*region)] > 0)
        };
        for (place, opens, region) in edges {
            if place > at {
                out.push(Segment {
                    start: at,
                    end: place,
                    region: strongest(&open),
                });
                at = place;
            }
            let count = &mut open[slot(region)];
            *count = if opens { *count + 1 } else { count.saturating_sub(1) };
        }
        if at < self.text.len() {
            out.push(Segment {
                start: at,
                end: self.text.len(),
                region: None,
            });
        }
        out
    }
}

fn slot(region: Region) -> usize {
    match region {
        Region::Title => 0,
        Region::LinkText => 1,
        Region::Branch => 2,
        Region::Silent => 3,
    }
}

/// The HTML comments of a text. One that does not end is none.
pub(crate) fn comments(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find("<!--")?;
        let end = start + 4 + text.get(start + 4..)?.find("-->")? + 3;
        from = end;
        Some((start, end))
    })
}
