//! What the next reading would ask and bring: pages and comments by the site's own counts, changes by the first page of each list.

mod changes;

use std::collections::{BTreeSet, VecDeque};

use domain::{Estimate, Result};

use super::connector::Confluence;
use super::cursor::{Form, Place, Position, Run, Task};
use super::pull::DAY;
use super::restrictions::ALONE;
use super::tree::Kind;
use crate::archive::json::text;
use crate::atlassian::sum::Sum;
use crate::estimate::pages;

/// Rows in a page of a list.
const ROWS: u64 = 250;
/// Spaces named in one query.
const NAMED: usize = 50;
/// The most queries of a kind; spaces beyond are taken to be like those.
const QUERIES: usize = 10;
/// One of so many pages is taken to be missing in the search index.
const LEFT_OUT: usize = 10;
/// Spaces whose readers are looked up, for the others to be taken to be like them.
const READERS: usize = 3;

/// An estimate on its way.
pub(super) struct Forecast<'w> {
    wiki: &'w Confluence,
    position: Position,
    now: i64,
    sum: Sum,
    /// Pages that are read again one by one.
    read: BTreeSet<u64>,
    /// Those of them that were written of late.
    late: BTreeSet<u64>,
    /// Comments of the whole site, where they were counted, and its pages, where they are too many to be known one by one.
    comments: Option<u64>,
    many: u64,
    grounds: Vec<String>,
}

impl<'w> Forecast<'w> {
    pub(super) fn new(wiki: &'w Confluence, position: Position) -> Self {
        Self {
            wiki,
            now: wiki.clock.now().0,
            position,
            sum: Sum::default(),
            read: BTreeSet::new(),
            late: BTreeSet::new(),
            comments: None,
            many: 0,
            grounds: Vec::new(),
        }
    }

    /// Count, and add up what the next run would do.
    pub(super) async fn take(mut self) -> Result<Estimate> {
        let new = self.position.is_new();
        let run = match self.position.run.take() {
            Some(run) => {
                self.grounds.push("a reading under way goes on".to_owned());
                self.read.extend(run.pages.0.iter().chain(&run.posts.0));
                run
            }
            None => self.begin().await?,
        };
        let fresh: BTreeSet<u64> = run.tasks.iter().filter_map(fresh).collect();
        let unknown = if fresh.is_empty() { 0 } else { self.whole(&fresh).await? };
        if run.tasks.contains(&Task::Restrictions) {
            self.restrictions(unknown);
        }
        for task in &run.tasks {
            self.task(task).await?;
        }
        self.pages(unknown);
        let sweep = self.sweep(unknown);
        let api = self.wiki.client.api();
        self.grounds.push(if new {
            "pages by two requests each; pages that are restricted or archived are not in the count".to_owned()
        } else {
            format!("by the newest of each list: {} pages are read again", self.read.len())
        });
        Ok(Estimate {
            reading: api.work(self.sum.requests, self.sum.points),
            sweep: api.work(sweep.requests, sweep.points),
            sweep_due: run.sweep || run.census,
            documents: Some(self.sum.documents),
            quota: api.quota(),
            latency: api.latency(),
            grounds: self.grounds,
        })
    }

    /// What a run begun now would do, and what beginning it takes.
    async fn begin(&mut self) -> Result<Run> {
        let (fresh, missing) = self.spaces().await?;
        let new = self.position.is_new();
        let census = !new && (self.now.saturating_sub(self.position.census) >= DAY || missing > 0);
        self.readers().await?;
        self.some_again();
        Ok(Run {
            census,
            sweep: self.position.census < 0,
            tasks: self.tasks(&fresh, census),
            ..Run::default()
        })
    }

    /// The spaces that are read from their beginning, and how many are no longer listed.
    async fn spaces(&mut self) -> Result<(Vec<u64>, u64)> {
        let listed = self.wiki.listed().await?;
        let known = &mut self.position.spaces;
        let missing = known.keys().filter(|id| !listed.contains_key(id)).count() as u64;
        known.retain(|id, _| listed.contains_key(id));
        let mut fresh = Vec::new();
        for (id, value) in &listed {
            let key = text(value, &["key"]).unwrap_or_default();
            let known = known.entry(*id).or_default();
            if known.key != key {
                fresh.push(*id);
                key.clone_into(&mut known.key);
            }
        }
        let count = listed.len() as u64;
        let me = u64::from(self.position.me.is_none());
        self.sum.ask(me + pages(count, ROWS), count);
        self.sum.ask(missing + u64::from(missing > 0), 0);
        self.sum.documents += fresh.len() as u64;
        Ok((fresh, missing))
    }

    fn tasks(&self, fresh: &[u64], census: bool) -> VecDeque<Task> {
        let (new, from) = (self.position.is_new(), self.position.from());
        let forms = [Form::Pages, Form::Posts];
        let whole = fresh
            .iter()
            .flat_map(|space| forms.map(|form| Task::Space(form, *space)));
        let mut tasks = VecDeque::from([Task::Restrictions]);
        tasks.extend(whole);
        if !new {
            tasks.extend(forms.map(|form| Task::Changed(form, from)));
            tasks.extend(forms.map(Task::Trashed));
            tasks.push_back(Task::Files(from));
        }
        if census {
            tasks.extend(forms.map(Task::Census));
        }
        let since = if new || census { i64::MIN } else { from };
        tasks.extend([Place::Footer, Place::Inline].map(|place| Task::Comments(place, since)));
        tasks
    }

    /// Put down the pages that are read again in turn.
    fn some_again(&mut self) {
        let age = i64::try_from(self.wiki.config.access_age.as_millis()).unwrap_or(i64::MAX);
        if self.now.saturating_sub(self.position.again) >= age {
            let known = self.position.tree.0.keys();
            self.read.extend(known.take(self.wiki.config.reread));
        }
    }

    /// Read the list of restrictions, and ask for what it leaves out.
    fn restrictions(&mut self, unknown: u64) {
        let (walk, known) = (&self.position.walk, self.position.tree.0.len());
        let rows = (known as u64 + unknown).min(self.wiki.config.listed as u64);
        // Where nobody knows yet what it leaves out, it is taken to be one page of ten.
        let alone = if walk.left_out.is_empty() {
            known / LEFT_OUT
        } else {
            walk.left_out.0.len()
        };
        let alone = alone.min(ALONE) as u64;
        self.sum.ask(pages(rows, walk.rows.into()) + alone, rows + alone);
    }

    /// Look up who reads some of the spaces. What these have in common is asked once; all others are taken to be like the last.
    async fn readers(&mut self) -> Result<()> {
        let spaces = &self.position.spaces;
        let api = self.wiki.client.api();
        let me = self.position.me.as_deref();
        let (begun, mut last) = (api.sent(), 0);
        for space in spaces.keys().take(READERS) {
            let before = api.sent();
            self.wiki.access.space(me, *space).await?;
            last = api.sent() - before;
        }
        let more = spaces.len().saturating_sub(READERS) as u64;
        let asked = api.sent() - begun + more * last;
        self.sum.ask(asked, asked);
        if more > 0 {
            self.grounds.push(format!(
                "who may read {more} of the spaces is taken to be told as of the first {READERS}"
            ));
        }
        Ok(())
    }

    /// Count the pages and blog posts of spaces that are read from their beginning.
    async fn whole(&mut self, fresh: &BTreeSet<u64>) -> Result<u64> {
        let keys: Vec<String> = fresh
            .iter()
            .filter_map(|space| self.position.spaces.get(space))
            .map(|space| format!("\"{}\"", space.key))
            .collect();
        let everything = self.wiki.config.spaces.is_empty() && keys.len() == self.position.spaces.len();
        let (mut count, mut asked, mut told) = (0, 0, true);
        if everything {
            let found = self.wiki.client.total("type in (page,blogpost)").await?;
            (count, asked, told) = (found.unwrap_or_default(), keys.len(), found.is_some());
        } else {
            for some in keys.chunks(NAMED).take(QUERIES) {
                let cql = format!("type in (page,blogpost) and space in ({})", some.join(","));
                let found = self.wiki.client.total(&cql).await?;
                count += found.unwrap_or_default();
                asked += some.len();
                told &= found.is_some();
            }
        }
        self.grounds.push(if told {
            format!("the site's search counts the pages of {asked} spaces")
        } else {
            "the site's search may not be used, so that pages are not counted".to_owned()
        });
        Ok(crate::estimate::scaled(count, asked as u64, keys.len() as u64))
    }

    /// Comments of the whole site.
    async fn comments(&mut self) -> Result<u64> {
        if let Some(known) = self.comments {
            return Ok(known);
        }
        let count = self.wiki.client.total("type = comment").await?.unwrap_or_default();
        self.grounds.push("the site's search counts the comments".to_owned());
        self.comments = Some(count);
        Ok(count)
    }

    /// What a task takes, but for the pages that it puts down.
    async fn task(&mut self, task: &Task) -> Result<()> {
        match task {
            // Mostly one page of a list; what there is beyond that is added for all of them together.
            Task::Space(..) | Task::Trashed(_) => self.sum.ask(1, 0),
            Task::Changed(form, from) => self.changed(*form, *from).await?,
            Task::Files(from) => self.files(*from).await?,
            Task::Comments(place, from) if *from == i64::MIN => {
                let count = self.comments().await?;
                // Nobody says how many of them are on words of a page.
                let own = if *place == Place::Footer { count } else { 0 };
                self.sum.list(own, ROWS);
                self.sum.documents += own;
            }
            Task::Comments(place, from) => self.said(*place, *from).await?,
            Task::Census(form) => {
                if self.position.many && *form == Form::Pages {
                    let all = self.wiki.client.total("type in (page,blogpost)").await?;
                    self.many = all.unwrap_or_default();
                }
                self.sum.list(self.known(*form), ROWS);
            }
            Task::Restrictions | Task::Missing => {}
        }
        Ok(())
    }

    /// How many pages or blog posts there are; the latter go with the former where all are too many to be known.
    fn known(&self, form: Form) -> u64 {
        let is_own = |kind: Kind| (kind == Kind::Post) == (form == Form::Posts);
        let known = self.position.tree.0.values().filter(|node| is_own(node.kind)).count() as u64;
        if form == Form::Pages {
            known.max(self.many)
        } else {
            known
        }
    }

    /// What reading pages one by one takes: those put down, and so many of which nothing is known yet.
    fn pages(&mut self, unknown: u64) {
        // The search leaves out some pages, restricted ones above all: those are asked for with what is below them, and so are those
        // that were written of late.
        let above = self.read.iter().flat_map(|page| self.position.tree.chain(*page).0);
        let own =
            |page: &u64| self.position.restricted.0.contains(page) || self.position.walk.left_out.0.contains(page);
        let alone: BTreeSet<u64> = above.filter(own).collect();
        let alone = alone.union(&self.late).count() as u64;
        let read = self.read.len() as u64;
        self.sum.ask(2 * read + alone, 2 * read);
        self.sum.ask(2 * unknown + unknown / ROWS, 3 * unknown);
        self.sum.documents += read + unknown;
    }

    /// What the sweep after the run takes: all pages, and all comments twice.
    fn sweep(&self, unknown: u64) -> Sum {
        let mut sum = Sum::default();
        let spaces = self.position.spaces.len() as u64;
        sum.ask(1 + pages(spaces, ROWS), spaces);
        sum.list(self.known(Form::Pages) + unknown, ROWS);
        sum.list(self.known(Form::Posts), ROWS);
        let comments = self.comments.unwrap_or_default();
        (0..2).for_each(|_| {
            sum.list(comments, ROWS);
            sum.list(0, ROWS);
        });
        sum
    }
}

/// The space that a task reads from its beginning.
fn fresh(task: &Task) -> Option<u64> {
    match task {
        Task::Space(_, space) => Some(*space),
        Task::Restrictions
        | Task::Changed(..)
        | Task::Trashed(_)
        | Task::Files(_)
        | Task::Comments(..)
        | Task::Census(_)
        | Task::Missing => None,
    }
}
