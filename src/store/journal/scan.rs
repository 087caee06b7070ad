//! Reading a whole segment: its frames, and what of it counts.
//!
//! [`items`] walks the bytes: sound frames, and stretches that are none. [`settle`] then decides by what is vouched for:
//! a bad stretch at or before a later `durable_through` is damage to something that was acknowledged, one that
//! nothing later vouches for is a torn tail, and the segment ends there.

use super::frame::{self, Fault, Header, Kind, Part};
use super::segment::{self, FRAMES_AT, Link};

/// One stretch of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A sound frame, or one whose header had a single damaged byte.
    Frame {
        /// Where it begins.
        offset: u64,
        /// Its header.
        header: Box<Header>,
        /// Whether a byte of the header had to be mended.
        mended: bool,
    },
    /// Bytes that are no frame.
    Bad {
        /// Where they begin.
        offset: u64,
        /// The header, if it is sound; the payload is damaged, or cut off.
        header: Option<Box<Header>>,
    },
}

/// The stretches of a segment's bytes.
pub fn items(bytes: &[u8], salt: u64) -> Vec<Item> {
    let mut found = Vec::new();
    let mut at = FRAMES_AT as usize;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let offset = at as u64;
        let bad = match frame::read(rest, salt) {
            Ok(header) => {
                at += header.frame_length();
                found.push(Item::Frame { offset, header: Box::new(header), mended: false });
                continue;
            }
            Err(Fault::Payload(header)) => Some(header),
            Err(Fault::Header) => None,
        };
        if bad.is_none()
            && let Some(header) = frame::mend(rest, salt)
        {
            at += header.frame_length();
            found.push(Item::Frame { offset, header: Box::new(header), mended: true });
            continue;
        }
        // A sound header tells where the next frame begins; but it may stand at a wrong place, or the frame be cut off.
        let next = frame::find(bytes, at + 1, salt).unwrap_or(bytes.len());
        at = match &bad {
            Some(header) => next.min(at + header.frame_length()),
            None => next,
        };
        found.push(Item::Bad { offset, header: bad });
    }
    found
}

/// A frame of changes that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Where it begins.
    pub offset: u64,
    /// Its header.
    pub header: Box<Header>,
}

/// Acknowledged changes that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment.
    pub segment: u64,
    /// Where in it.
    pub offset: u64,
    /// The sequences that are lost: first and last. None are when first > last.
    pub lost: (u64, u64),
    /// What they were about, if the header told.
    pub parts: Option<Vec<Part>>,
    /// What happened, in words.
    pub what: String,
}

/// What of a segment counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Frames of changes that count, in order.
    pub accepted: Vec<Accepted>,
    /// Damage to acknowledged changes.
    pub damage: Vec<Damage>,
    /// The last sequence that counts (or is known to be lost).
    pub reached: u64,
    /// All up to here is known to be on the disk.
    pub durable: u64,
    /// [`segment::chain`] of the frames up to `durable`.
    pub chain: u64,
    /// Where a torn tail begins.
    pub torn_at: Option<u64>,
}

/// Decides what of a segment counts. `link` is how its successor names it; `None` for the last one.
pub fn settle(header: &segment::Header, items: &[Item], link: Option<Link>) -> Settled {
    let durable = match link {
        Some(link) => link.last_sequence,
        None => vouched(header, items),
    };
    let mut out = Settled { reached: header.first_sequence.saturating_sub(1), durable, ..Settled::default() };
    let mut bad = None;
    for item in items {
        if link.is_some() && out.reached >= durable {
            return out;
        }
        let expected = out.reached + 1;
        match item {
            Item::Bad { offset, header: Some(about) } if bad.is_none() && about.sequence == expected => {
                if durable < expected {
                    out.torn_at = Some(*offset);
                    return out;
                }
                out.lose(header.number, *offset, expected, Some(about.parts.clone()));
            }
            Item::Bad { offset, .. } => {
                bad.get_or_insert(*offset);
            }
            Item::Frame { offset, header: found, mended } => {
                let next = match found.kind {
                    Kind::Ops => found.sequence,
                    Kind::Seal => found.sequence + 1,
                };
                if next < expected {
                    continue;
                }
                if next > expected || bad.is_some() {
                    let at = bad.take().unwrap_or(*offset);
                    if next > expected && next - 1 > durable {
                        // Part of what is missing was never vouched for: what counts ends here.
                        if expected <= durable {
                            out.lose(header.number, at, durable, None);
                        }
                        out.torn_at = Some(at);
                        return out;
                    }
                    // Nothing is missing, and nobody vouched for the bytes: a seal that a power cut left torn.
                    if next > expected || expected <= durable {
                        out.lose(header.number, at, next - 1, None);
                    }
                }
                if *mended {
                    let what = "one byte of a frame's header was damaged and has been mended".to_owned();
                    let (segment, lost) = (header.number, (found.sequence, found.sequence.saturating_sub(1)));
                    let parts = Some(found.parts.clone());
                    out.damage.push(Damage { segment, offset: *offset, lost, parts, what });
                }
                if found.kind == Kind::Ops {
                    out.accept(*offset, found);
                }
            }
        }
    }
    out.torn_at = bad;
    out
}

/// The highest `durable_through` in a segment.
fn vouched(header: &segment::Header, items: &[Item]) -> u64 {
    let frames = items.iter().filter_map(|item| match item {
        Item::Frame { header, .. } => Some(header.durable_through),
        Item::Bad { .. } => None,
    });
    frames.fold(header.durable_through(), u64::max)
}

impl Settled {
    fn accept(&mut self, offset: u64, header: &Header) {
        self.reached = header.sequence;
        if header.sequence <= self.durable {
            self.chain = segment::chain(self.chain, header.sequence, header.payload_crc);
        }
        self.accepted.push(Accepted { offset, header: Box::new(header.clone()) });
    }

    fn lose(&mut self, segment: u64, offset: u64, through: u64, parts: Option<Vec<Part>>) {
        let lost = (self.reached + 1, through);
        let what = match through.cmp(&lost.0) {
            std::cmp::Ordering::Less => "bytes between two frames are damaged; nothing is lost".to_owned(),
            std::cmp::Ordering::Equal => format!("change {through} is damaged"),
            std::cmp::Ordering::Greater => format!("changes {} to {through} are damaged or missing", lost.0),
        };
        self.damage.push(Damage { segment, offset, lost, parts, what });
        self.reached = self.reached.max(through);
    }
}
