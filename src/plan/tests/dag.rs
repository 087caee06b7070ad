//! Ids, names and pipelines of the views' graph: the examples of the Java engine's rules.

use crate::model::VertexKind::{self, Sink, Source, Transform};
use crate::plan::pipelines::{Part, Parts, dag};

/// Parts by name (`S0` source, `T0` transform, `K0` sink), edges by name; answers edges and vertices in short.
fn short(parts: &str, edges: &str) -> (String, String, u32) {
    let names: Vec<&str> = parts.split_whitespace().collect();
    let part = |name: &&str| Part {
        kind: kind(name),
        action: (*name).to_owned(),
        parallelism: 1,
        tables: Vec::new(),
    };
    let place = |name: &str| names.iter().position(|n| *n == name).unwrap();
    let edges = edges.split_whitespace().map(|edge| {
        let (from, to) = edge.split_once('>').unwrap();
        (place(from), place(to))
    });
    let (dag, slots) =
        dag(Parts { parts: names.iter().map(part).collect(), edges: edges.collect() }).unwrap();
    let edges: Vec<String> =
        dag.edges.iter().map(|edge| format!("{}:{}→{}", edge.pipeline, edge.from, edge.to)).collect();
    let vertices: Vec<String> =
        dag.vertices.iter().map(|vertex| format!("{}:{}", vertex.id, vertex.action)).collect();
    (edges.join(" "), vertices.join(" "), slots)
}

fn kind(name: &str) -> VertexKind {
    match &name[..1] {
        "S" => Source,
        "T" => Transform,
        _ => Sink,
    }
}

#[test]
fn graphs_as_the_java_engine_numbers_them() {
    for (parts, graph, edges, vertices, slots) in [
        ("S0 K0", "S0>K0", "1:1→2", "1:S0 2:K0", 1),
        ("S0 T0 K0", "S0>T0 T0>K0", "1:1→4 1:4→3", "1:S0 3:K0 4:TransformChain[T0]", 1),
        ("S0 T0 T1 K0", "S0>T0 T0>T1 T1>K0", "1:1→5 1:5→4", "1:S0 4:K0 5:TransformChain[T0->T1]", 1),
        ("S0 K0 K1", "S0>K0 S0>K1", "1:1→2 1:1→3", "1:S0 2:K0 3:K1", 1),
        ("S0 S1 K0 K1", "S0>K0 S1>K1", "1:1→2 2:3→4", "1:S0 2:K0 3:S1 4:K1", 2),
        ("S0 S1 K0", "S0>K0 S1>K0", "1:1→2 2:3→4", "1:S0 2:K0 3:S1 4:K0", 2),
        // Beyond the table: a chain ends where rows go two ways, and where they come together.
        (
            "S0 T0 T1 T2 K0 K1",
            "S0>T0 T0>T1 T0>T2 T1>K0 T2>K1",
            "1:1→7 1:7→8 1:7→9 1:8→5 1:9→6",
            "1:S0 5:K0 6:K1 7:TransformChain[T0] 8:TransformChain[T1] 9:TransformChain[T2]",
            1,
        ),
        (
            "S0 S1 T0 T1 K0",
            "S0>T0 S1>T0 T0>T1 T1>K0",
            "1:1→2 1:2→3 2:4→5 2:5→6",
            "1:S0 2:TransformChain[T0->T1] 3:K0 4:S1 5:TransformChain[T0->T1] 6:K0",
            2,
        ),
        // One part with a union, one without: all ids anew.
        ("S0 S1 S2 K0 K1", "S0>K0 S1>K1 S2>K1", "1:1→2 2:3→4 3:5→6", "1:S0 2:K0 3:S1 4:K1 5:S2 6:K1", 3),
        // A source of a union that feeds another sink too: each way is a pipeline.
        ("S0 S1 K0 K1", "S0>K0 S0>K1 S1>K0", "1:1→2 2:3→4 3:5→6", "1:S0 2:K0 3:S0 4:K1 5:S1 6:K0", 3),
    ] {
        assert_eq!(short(parts, graph), (edges.into(), vertices.into(), slots), "{graph}");
    }
}

#[test]
fn ways_without_number_are_refused() {
    // Each diamond doubles the ways.
    let mut parts = vec!["S0".to_owned()];
    let mut edges = Vec::new();
    let mut last = 0;
    for _ in 0..60 {
        let at = parts.len();
        parts.extend((at..at + 3).map(|index| format!("T{index}")));
        edges.extend([(last, at), (last, at + 1), (at, at + 2), (at + 1, at + 2)]);
        last = at + 2;
    }
    edges.push((last, parts.len()));
    parts.push("K0".into());
    let part =
        |name: &String| Part { kind: kind(name), action: name.clone(), parallelism: 1, tables: Vec::new() };
    let refused = dag(Parts { parts: parts.iter().map(part).collect(), edges }).unwrap_err();
    assert_eq!(refused, "the job's unions make pipelines of more than 20000 vertices together");
}
