//! The engine: runs the attempts that it is given, on threads of its own.
//!
//! One attempt is one coordinator (`coordinator`, on the runtime of the caller) and data tasks on the job pool: one per
//! parallel instance of a source, with the transforms behind it (`source_loop`, `transform_loop`), and one per writer
//! (`sink_loop`). `pipeline` opens them. Rows pass through pipes (`pipe`, `route`) that are bounded by bytes.
//!
//! What holds:
//! - Each split is read exactly once (`ledger`); while an epoch's snapshots are taken none changes hands.
//! - A barrier cuts all pipes at one moment: positions, states, counts and what writers prepared belong together
//!   (`epoch`, `state`). A checkpoint is decided when it is stored; only the coordinator commits (`commit`).
//! - Nothing can deadlock: an empty pipe always takes a batch, barriers and ends need no room.
//! - A stop ends (`stop`): at its deadline tasks are fenced and left behind; they can write, never commit.
//! - A panic, and a call that doesn't return, is the fault of its job alone; the first fault wins.
//! - A row that was sent was received (`accounting`); counts in a checkpoint are those at its barrier (`meter`).

mod accounting;
mod attempt;
mod checkpoint;
mod commit;
mod coordinator;
mod epoch;
mod launch;
mod ledger;
mod meter;
mod pace;
mod pipe;
mod pipeline;
mod restore;
mod route;
mod sample;
mod sink_loop;
mod source_loop;
mod state;
mod stop;
#[cfg(test)]
mod tests;
mod transform_loop;

pub use launch::{Engine, EngineSettings};
pub use sample::{SampleLimits, Sampled};
