//! The engine on scripted plug-ins: exactly once over crashes, stops that end, faults that stay with their job, trials.

mod commands;
mod crashes;
mod faults;
mod flow;
mod graphs;
mod harness;
mod memory;
mod sample;
mod script;
