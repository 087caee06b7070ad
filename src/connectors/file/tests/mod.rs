//! LocalFile as a whole, over the ports: what the Java engine was seen to do, and what a restart must not break.

mod driver;
mod moments;
mod observed;
mod restart;
