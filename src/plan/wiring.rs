//! Who feeds whom: from ids to edges.
//!
//! Two ways to read a job's ids, as users rely on them. A *simple* graph (one source, one sink, at most one
//! transform) chains its blocks whatever ids they name or don't; ids that mean nothing are warned about. In any
//! other graph every source and transform needs an id of its own that somebody takes, and every transform and sink
//! names ids that exist. Rules and texts follow the spec's jobs.md §4.

use super::blocks::Ends;
use crate::model::{Problem, Problems, nearest};
use std::collections::{HashMap, HashSet, VecDeque};

/// Something that gives rows: an index into the job's sources or transforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Giver {
    /// A source.
    Source(usize),
    /// A transform.
    Transform(usize),
}

/// The edges of a job; acyclic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wiring {
    /// Per transform: what feeds it, in the order of its ids. Empty for one that nobody takes from (simple graphs).
    pub transforms: Vec<Vec<Giver>>,
    /// Per sink: what feeds it, in the order of its ids.
    pub sinks: Vec<Vec<Giver>>,
    /// The transforms that run, each after all that feed it.
    pub order: Vec<Turn>,
}

/// A transform's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// Index of the transform in the job.
    pub transform: usize,
    /// Its number in its name. Transforms are taken from a queue; one whose input isn't there yet goes back to the
    /// end, and every taking counts: so numbers may be higher than indexes, as users see them in the Java engine.
    pub number: usize,
}

/// Wires a job. `None` after noting every problem.
pub(super) fn wire(
    sources: &[Ends],
    transforms: &[Ends],
    sinks: &[Ends],
    problems: &Problems,
) -> Option<Wiring> {
    match (sources, transforms, sinks) {
        ([source], [], [sink]) => Some(simple(source, None, sink, problems)),
        ([source], [transform], [sink]) => Some(simple(source, Some(transform), sink, problems)),
        _ => complex(sources, transforms, sinks, problems),
    }
}

/// One source, one sink, perhaps one transform: the sink takes what it names, else what came last.
fn simple(source: &Ends, transform: Option<&Ends>, sink: &Ends, problems: &Problems) -> Wiring {
    let first = Giver::Source(0);
    let Some(transform) = transform else {
        warn_meaningless(sink, &[&source.output], "the job's source", problems);
        return Wiring { sinks: vec![vec![first]], ..Wiring::default() };
    };
    warn_meaningless(transform, &[&source.output], "the job's source", problems);
    warn_meaningless(sink, &[&source.output, &transform.output], "the job's transform", problems);
    let last = Giver::Transform(0);
    let mut feeds: Vec<Giver> = Vec::new();
    for id in &sink.inputs {
        let giver = match Some(id) {
            id if id == transform.output.as_ref() => last,
            id if id == source.output.as_ref() => first,
            _ => continue,
        };
        if !feeds.contains(&giver) {
            feeds.push(giver);
        }
    }
    if feeds.is_empty() {
        feeds.push(last);
    }
    if !feeds.contains(&last) {
        let message = "takes rows that no sink reads; it is left out";
        problems.warning(Problem::new(&transform.path, message));
        return Wiring { transforms: vec![Vec::new()], sinks: vec![feeds], order: Vec::new() };
    }
    let order = vec![Turn { transform: 0, number: 0 }];
    Wiring { transforms: vec![vec![first]], sinks: vec![feeds], order }
}

fn warn_meaningless(taker: &Ends, ids: &[&Option<String>], instead: &str, problems: &Problems) {
    let known: Vec<&str> = ids.iter().filter_map(|id| id.as_deref()).collect();
    let found = taker.inputs.iter().any(|id| known.contains(&id.as_str()));
    for id in taker.inputs.iter().filter(|id| !known.contains(&id.as_str())) {
        let message = if found {
            format!("{id:?} is the id of nothing; it is ignored")
        } else {
            format!("{id:?} is the id of nothing; rows are taken from {instead}")
        };
        warn_or_hint(taker, id, message, &known, |problem| problems.warning(problem));
    }
}

fn warn_or_hint(taker: &Ends, id: &str, message: String, known: &[&str], note: impl Fn(Problem)) {
    let problem = Problem::new(format!("{}.{}", taker.path, taker.input_key), message);
    note(match nearest(id, known.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean {near:?}?")),
        None => problem,
    });
}

/// Any other graph: ids decide, strictly.
fn complex(sources: &[Ends], transforms: &[Ends], sinks: &[Ends], problems: &Problems) -> Option<Wiring> {
    let before = problems.error_count();
    let givers: Vec<(Giver, &Ends)> = (sources.iter().enumerate().map(|(i, ends)| (Giver::Source(i), ends)))
        .chain(transforms.iter().enumerate().map(|(i, ends)| (Giver::Transform(i), ends)))
        .collect();
    let ids = index_outputs(&givers, problems);
    let known: Vec<&str> = givers.iter().filter_map(|(_, ends)| ends.output.as_deref()).collect();
    let resolve = |taker: &Ends| resolve_inputs(taker, &ids, &known, problems);
    let wiring = Wiring {
        transforms: transforms.iter().map(resolve).collect(),
        sinks: sinks.iter().map(resolve).collect(),
        order: Vec::new(),
    };
    refuse_unused(&givers, &transforms.iter().chain(sinks).collect::<Vec<_>>(), &known, problems);
    let order = order(&wiring.transforms, transforms, problems);
    (problems.error_count() == before).then_some(Wiring { order, ..wiring })
}

/// The giver of each id; missing and double ids are noted.
fn index_outputs<'e>(
    givers: &[(Giver, &'e Ends)],
    problems: &Problems,
) -> HashMap<&'e str, (Giver, &'e Ends)> {
    let mut ids: HashMap<&str, (Giver, &Ends)> = HashMap::new();
    for (giver, ends) in givers {
        let path = format!("{}.{}", ends.path, ends.output_key);
        let Some(id) = ends.output.as_deref() else {
            let why = "a job with several sources, transforms or sinks is wired by ids";
            problems.error(Problem::new(path, format!("is required: {why}")));
            continue;
        };
        if let Some((_, other)) = ids.get(id) {
            let message = format!("{id:?} is the id of {} too; ids must be different", other.path);
            problems.error(Problem::new(path, message));
        } else {
            ids.insert(id, (*giver, *ends));
        }
    }
    ids
}

/// What feeds one transform or sink; missing and unknown ids are noted.
fn resolve_inputs(
    taker: &Ends,
    ids: &HashMap<&str, (Giver, &Ends)>,
    known: &[&str],
    problems: &Problems,
) -> Vec<Giver> {
    if taker.inputs.is_empty() && !taker.unreadable {
        let path = format!("{}.{}", taker.path, taker.input_key);
        let why = "a job with several sources, transforms or sinks is wired by ids";
        problems.error(Problem::new(path, format!("is required: {why}; {}", there_are(known))));
    }
    let mut feeds = Vec::new();
    for id in &taker.inputs {
        match ids.get(id.as_str()) {
            Some((giver, _)) => feeds.push(*giver),
            None => {
                let message = format!("{id:?} is the id of no source or transform; {}", there_are(known));
                warn_or_hint(taker, id, message, known, |problem| problems.error(problem));
            }
        }
    }
    feeds
}

/// The ids that exist, in words; a few of them.
fn there_are(known: &[&str]) -> String {
    const SHOWN: usize = 20;
    match known {
        [] => "there are no ids".to_owned(),
        ids if ids.len() <= SHOWN => format!("ids are: {}", ids.join(", ")),
        ids => format!("ids are: {} … ({} in all)", ids[..SHOWN].join(", "), ids.len()),
    }
}

/// An id that nobody takes is a mistake; but not when somebody surely meant it and misspelt it, or names no ids at
/// all: that is said already.
fn refuse_unused(givers: &[(Giver, &Ends)], takers: &[&Ends], known: &[&str], problems: &Problems) {
    if takers.iter().any(|taker| taker.inputs.is_empty()) {
        return;
    }
    let ids: HashSet<&str> =
        takers.iter().flat_map(|taker| taker.inputs.iter().map(String::as_str)).collect();
    let exists: HashSet<&str> = known.iter().copied().collect();
    let unknown = ids.iter().filter(|id| !exists.contains(*id));
    let meant: HashSet<&str> = unknown.filter_map(|id| nearest(id, known.iter().copied())).collect();
    for (_, ends) in givers {
        if let Some(id) = ends.output.as_deref().filter(|id| !ids.contains(id) && !meant.contains(id)) {
            let path = format!("{}.{}", ends.path, ends.output_key);
            problems.error(Problem::new(path, format!("{id:?} is taken by no transform and no sink")));
        }
    }
}

/// Takes the transforms from a queue until all had their turn; circles are noted.
fn order(feeds: &[Vec<Giver>], transforms: &[Ends], problems: &Problems) -> Vec<Turn> {
    let mut done = vec![false; feeds.len()];
    let mut queue: VecDeque<usize> = (0..feeds.len()).collect();
    let mut turns = Vec::with_capacity(feeds.len());
    let mut waited = 0;
    let mut number = 0;
    while let Some(transform) = queue.pop_front() {
        let is_there = |giver: &Giver| match giver {
            Giver::Source(_) => true,
            Giver::Transform(index) => done[*index],
        };
        if feeds[transform].iter().all(is_there) {
            done[transform] = true;
            turns.push(Turn { transform, number });
            waited = 0;
        } else {
            queue.push_back(transform);
            waited += 1;
            if waited > queue.len() {
                note_circles(feeds, &done, transforms, problems);
                break;
            }
        }
        number += 1;
    }
    turns
}

/// Notes each circle among the transforms that never had their turn: going from any of them to one that it waits
/// for, and so on, must come to a circle.
fn note_circles(feeds: &[Vec<Giver>], done: &[bool], transforms: &[Ends], problems: &Problems) {
    let mut seen = vec![false; feeds.len()];
    for start in (0..feeds.len()).filter(|index| !done[*index]) {
        let mut way: Vec<usize> = Vec::new();
        let mut here = start;
        while !seen[here] {
            seen[here] = true;
            way.push(here);
            let waits_for = feeds[here].iter().find_map(|giver| match giver {
                Giver::Transform(index) if !done[*index] => Some(*index),
                Giver::Transform(_) | Giver::Source(_) => None,
            });
            match waits_for {
                Some(next) => here = next,
                None => break,
            }
        }
        if let Some(first) = way.iter().position(|index| *index == here)
            && (way.len() - first > 1 || feeds[here].contains(&Giver::Transform(here)))
        {
            // The way went against the rows; say it in their direction.
            let mut names: Vec<&str> =
                way[first..].iter().rev().map(|i| transforms[*i].path.as_str()).collect();
            names.rotate_right(1);
            names.push(names[0]);
            let path = format!("{}.{}", transforms[here].path, transforms[here].input_key);
            problems.error(Problem::new(path, format!("rows go round in a circle: {}", names.join(" -> "))));
        }
    }
}
