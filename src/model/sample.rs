//! Rows that a job would write, from a trial of it.

/// What a trial gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Rows by sink and table.
    pub tables: Vec<SampledTable>,
    /// Whether time was up before the end.
    pub cut_off: bool,
    /// Names of the transforms that asked a service for these rows.
    pub asked: Vec<String>,
}

/// Rows of one table at one sink.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampledTable {
    /// Name of the sink: `Sink[0]-Console`.
    pub sink: String,
    /// Text of the table's path.
    pub table: String,
    /// Kind of each row (`+I`) and the row as a JSON object.
    pub rows: Vec<(&'static str, String)>,
    /// Why the rows can't be shown, where they can't.
    pub note: Option<String>,
}
