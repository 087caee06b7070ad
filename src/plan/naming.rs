//! Names of vertices as the Java engine gives them: clients draw and match these.

/// `Source[0]-FakeSource`; the plug-in as typed.
pub(super) fn source(index: usize, plugin: &str) -> String {
    format!("Source[{index}]-{plugin}")
}

/// `Transform[0]-Copy`.
pub(super) fn transform(number: usize, plugin: &str) -> String {
    format!("Transform[{number}]-{plugin}")
}

/// `TransformChain[Transform[0]-Sql->Transform[1]-Copy]`; a chain of one is a chain too.
pub(super) fn chain<'a>(transforms: impl Iterator<Item = &'a str>) -> String {
    format!("TransformChain[{}]", transforms.collect::<Vec<_>>().join("->"))
}

/// `Sink[0]-Console-MultiTableSink` for a sink with one input, whatever number of tables it has;
/// `Sink[0]-Console-fake` for a union, after the table of its first input.
pub(super) fn sink(index: usize, plugin: &str, union_of: Option<&str>) -> String {
    format!("Sink[{index}]-{plugin}-{}", union_of.unwrap_or("MultiTableSink"))
}
