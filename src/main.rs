//! The `seikan` binary.

fn main() {}
