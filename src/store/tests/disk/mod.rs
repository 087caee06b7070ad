//! A simulated disk: what a power cut may leave of a directory, and a disk that is full or fails.
//!
//! Owns the directories that tests mount. `journal::io` tells every deed here before it does it; those below a mounted
//! directory are done (without the syncs, which only count here) and go to the log of the [`World`]. From its log a world
//! tells what [a killed process](World::killed) and what [a power cut](World::cut) leaves at any moment; the outcome
//! is a world again, to be mounted and gone on with.
//!
//! Files have inodes and times of the simulated disk, so that a directory that was built anew is still the original.

mod image;
mod mount;
mod world;

pub use mount::{Disk, Faults, changed, free, mark, note};
pub use world::{Tree, World};
