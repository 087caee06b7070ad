//! The `seikan` binary.

use std::process::ExitCode;

/// Memory of ended jobs goes back to the system, and batches are cheap to make.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    seikan::cli::main()
}
