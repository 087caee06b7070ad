//! The journal: the only truth of the store.
//!
//! Owns the segments: their bytes ([`frame`](Part), header, links), the thread that writes them, and reading them back.
//! Data passes: requests → committer (one write, one sync for all that wait) → published with their places → answered.
//! Invariants: a segment is never rewritten or truncated; a request is published and answered only when it is on the
//! disk, in order; after a failed sync nothing is answered with success any more.

mod committer;
mod fetch;
pub mod frame;
pub mod io;
mod scan;
mod segment;

pub use committer::{Files, Journal, OnDurable, Published};
pub use fetch::Fetcher;
pub use frame::{Header as FrameHeader, MAX_PARTS, MAX_PAYLOAD, Part};
pub use scan::{Accepted, Damage, Item, Settled, items, settle};
pub use segment::{
    ARCHIVED, FRAMES_AT, Header as SegmentHeader, IMAGE, Link, Place, Segment, bad_headers, file_name,
    has_frame, is_archived, numbers, path, random, read_header, relative_path,
};
