//! Parses type names of the job language (`decimal(10, 2)`, `map<string, array<int>>`, `{a = int}`).
