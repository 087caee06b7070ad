//! The graph as the views show it: vertices numbered, transforms chained, pipelines cut as the Java engine does.
//!
//! 1. Vertices get logical numbers in the order of their making: sources, transforms, sinks. 2. Edges are sorted;
//!    walking them, each vertex that is met for the first time gets the next id. 3. Each chain of transforms gets an
//!    id after all of those; the ids of its transforms disappear. 4. What hangs together is one pipeline, in the
//!    order of first edges. 5. If a vertex of it has several inputs, it is cut into one pipeline for each way from a
//!    source to a sink, and all ids of the job are given anew, from 1, along the pipelines.

use super::naming;
use crate::model::{DagInfo, PipelineEdge, VertexInfo, VertexKind};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// The most vertices that a cut job may have.
const MAX_VERTICES: usize = 20_000;

/// A vertex before it is numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub kind: VertexKind,
    pub action: String,
    pub parallelism: u32,
    pub tables: Vec<String>,
}

/// The parts of a job in the order of their making, and the edges between them (indexes).
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub parts: Vec<Part>,
    pub edges: Vec<(usize, usize)>,
}

/// Vertices by id, and edges between ids in their order.
struct Graph {
    parts: BTreeMap<u32, Part>,
    edges: Vec<(u32, u32)>,
}

/// One pipeline: its vertices (ids of the graph) in order, and its edges as positions among them.
struct Pipeline {
    vertices: Vec<u32>,
    edges: Vec<(usize, usize)>,
}

/// The graph for the views, and the slots that the job needs: per pipeline the parallelism of its source.
///
/// # Errors
/// Unions upon unions, so many that the views could not show them.
pub(super) fn dag(job: Parts) -> Result<(DagInfo, u32), String> {
    let graph = chained(numbered(job));
    let mut pipelines = Vec::new();
    let mut is_cut = false;
    for group in groups(&graph.edges) {
        if has_union(&group) {
            is_cut = true;
            cut(&group, &mut pipelines)?;
        } else {
            pipelines.push(whole(&group));
        }
    }
    Ok(info(&graph, &pipelines, is_cut))
}

/// Step 2.
fn numbered(job: Parts) -> Graph {
    let Parts { parts, mut edges } = job;
    edges.sort_unstable();
    edges.dedup();
    let mut ids: HashMap<usize, u32> = HashMap::new();
    let mut next = 1;
    let mut id_of = |part: usize| {
        *ids.entry(part).or_insert_with(|| {
            next += 1;
            next - 1
        })
    };
    let edges = edges.into_iter().map(|(from, to)| (id_of(from), id_of(to))).collect();
    let parts = parts.into_iter().enumerate().filter_map(|(i, part)| Some((*ids.get(&i)?, part))).collect();
    Graph { parts, edges }
}

/// Step 3. Chains are found from the sources onwards, level by level.
fn chained(graph: Graph) -> Graph {
    let Graph { mut parts, edges } = graph;
    let (inputs, targets) = neighbours(&edges);
    let is_transform = |id: &u32| parts.get(id).is_some_and(|part| part.kind == VertexKind::Transform);
    let mut next = parts.keys().next_back().copied().unwrap_or(0) + 1;
    let mut chain_of: HashMap<u32, u32> = HashMap::new();
    let mut chains: Vec<(u32, Vec<u32>)> = Vec::new();
    let sources = parts.iter().filter(|(_, part)| part.kind == VertexKind::Source).map(|(id, _)| *id);
    for source in sources.collect::<Vec<_>>() {
        let mut queue = VecDeque::from([source]);
        let mut seen = HashSet::from([source]);
        while let Some(id) = queue.pop_front() {
            if is_transform(&id) && !chain_of.contains_key(&id) {
                let chain = chain_from(id, &inputs, &targets, is_transform);
                chain_of.extend(chain.iter().map(|member| (*member, next)));
                chains.push((next, chain));
                next += 1;
            }
            let met = targets.get(&id).into_iter().flatten().copied();
            queue.extend(met.filter(|target| seen.insert(*target)));
        }
    }
    for (id, chain) in chains {
        let members: Vec<Part> = chain.iter().filter_map(|member| parts.remove(member)).collect();
        let action = naming::chain(members.iter().map(|member| member.action.as_str()));
        let parallelism = members.first().map_or(1, |first| first.parallelism);
        parts.insert(id, Part { kind: VertexKind::Transform, action, parallelism, tables: Vec::new() });
    }
    let renamed = |id: u32| chain_of.get(&id).copied().unwrap_or(id);
    let edges = edges.into_iter().map(|(from, to)| (renamed(from), renamed(to)));
    let mut seen = HashSet::new();
    let edges = edges.filter(|(from, to)| from != to && seen.insert((*from, *to))).collect();
    Graph { parts, edges }
}

/// A transform and those behind it, as long as there is one way on and one way in.
fn chain_from(
    start: u32,
    inputs: &HashMap<u32, Vec<u32>>,
    targets: &HashMap<u32, Vec<u32>>,
    is_transform: impl Fn(&u32) -> bool,
) -> Vec<u32> {
    let mut chain = vec![start];
    let mut here = start;
    while let Some([only]) = targets.get(&here).map(Vec::as_slice)
        && is_transform(only)
        && inputs.get(only).is_some_and(|inputs| inputs.len() == 1)
    {
        chain.push(*only);
        here = *only;
    }
    chain
}

/// What feeds each vertex, and what each feeds, in the order of the edges.
fn neighbours(edges: &[(u32, u32)]) -> (HashMap<u32, Vec<u32>>, HashMap<u32, Vec<u32>>) {
    let (mut inputs, mut targets) = (HashMap::<u32, Vec<u32>>::new(), HashMap::<u32, Vec<u32>>::new());
    for (from, to) in edges {
        inputs.entry(*to).or_default().push(*from);
        targets.entry(*from).or_default().push(*to);
    }
    (inputs, targets)
}

/// Step 4: the edges of each connected part, in the order of their first edges.
fn groups(edges: &[(u32, u32)]) -> Vec<Vec<(u32, u32)>> {
    let (inputs, targets) = neighbours(edges);
    let mut group_of: HashMap<u32, usize> = HashMap::new();
    let mut groups: Vec<Vec<(u32, u32)>> = Vec::new();
    for (from, to) in edges {
        if !group_of.contains_key(from) {
            let mut queue = VecDeque::from([*from]);
            while let Some(id) = queue.pop_front() {
                if group_of.insert(id, groups.len()).is_none() {
                    let next = inputs.get(&id).into_iter().chain(targets.get(&id)).flatten();
                    queue.extend(next.copied());
                }
            }
            groups.push(Vec::new());
        }
        if let Some(group) = group_of.get(from).and_then(|index| groups.get_mut(*index)) {
            group.push((*from, *to));
        }
    }
    groups
}

fn has_union(group: &[(u32, u32)]) -> bool {
    let mut fed = HashSet::new();
    !group.iter().all(|(_, to)| fed.insert(*to))
}

/// A pipeline that is not cut: its vertices by id.
fn whole(group: &[(u32, u32)]) -> Pipeline {
    let vertices: Vec<u32> =
        group.iter().flat_map(|(from, to)| [*from, *to]).collect::<BTreeSet<_>>().into_iter().collect();
    let place: HashMap<u32, usize> = vertices.iter().enumerate().map(|(index, id)| (*id, index)).collect();
    let edges = group.iter().filter_map(|(from, to)| Some((*place.get(from)?, *place.get(to)?))).collect();
    Pipeline { vertices, edges }
}

/// Step 5: one pipeline for each way from a source to a sink.
fn cut(group: &[(u32, u32)], pipelines: &mut Vec<Pipeline>) -> Result<(), String> {
    let (inputs, targets) = neighbours(group);
    let sources: BTreeSet<u32> =
        group.iter().map(|(from, _)| *from).filter(|from| !inputs.contains_key(from)).collect();
    let mut vertices = 0;
    for source in sources {
        // The way so far, and which target of its last vertex comes next.
        let mut way: Vec<(u32, usize)> = vec![(source, 0)];
        while let Some((id, next)) = way.last_mut() {
            let onwards = targets.get(id).map_or(&[][..], Vec::as_slice);
            if let Some(target) = onwards.get(*next) {
                *next += 1;
                way.push((*target, 0));
                continue;
            }
            if onwards.is_empty() {
                vertices += way.len();
                if vertices > MAX_VERTICES {
                    return Err(format!(
                        "the job's unions make pipelines of more than {MAX_VERTICES} vertices together"
                    ));
                }
                pipelines.push(Pipeline {
                    vertices: way.iter().map(|(id, _)| *id).collect(),
                    edges: (1..way.len()).map(|to| (to - 1, to)).collect(),
                });
            }
            way.pop();
        }
    }
    Ok(())
}

/// Puts the pipelines into words of the model; with new ids if any was cut.
fn info(graph: &Graph, pipelines: &[Pipeline], is_cut: bool) -> (DagInfo, u32) {
    let mut dag = DagInfo::default();
    let mut slots = 0u32;
    let mut next = 1;
    for (number, pipeline) in (1..).zip(pipelines) {
        let ids: Vec<u32> =
            if is_cut { (next..).take(pipeline.vertices.len()).collect() } else { pipeline.vertices.clone() };
        next += ids.len() as u32;
        for (id, vertex) in ids.iter().zip(&pipeline.vertices) {
            let Some(part) = graph.parts.get(vertex) else {
                continue;
            };
            if part.kind == VertexKind::Source {
                slots = slots.saturating_add(part.parallelism);
            }
            dag.vertices.push(VertexInfo {
                id: *id,
                kind: part.kind,
                action: part.action.clone(),
                pipeline: number,
                parallelism: part.parallelism,
                tables: part.tables.clone(),
            });
        }
        let edges = pipeline.edges.iter();
        dag.edges.extend(edges.map(|(from, to)| PipelineEdge {
            pipeline: number,
            from: ids[*from],
            to: ids[*to],
        }));
    }
    dag.vertices.sort_by_key(|vertex| vertex.id);
    (dag, slots)
}
