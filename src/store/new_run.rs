//! What each start makes: a new identity, then a new segment, whole before it gets its name.

use super::error::StoreError;
use super::identity::{self, Owner};
use super::journal::{Link, Segment, SegmentHeader, io, numbers, path, random};
use super::record::Encoder;
use super::recovery::{Paths, reach};
use super::survey::Straggler;
use crate::model::Op;
use crate::runtime;

/// What the new segment goes on from.
#[derive(Default)]
pub struct Before<'a> {
    /// The last segment that counts; `None` for a new store.
    pub last: Option<&'a SegmentHeader>,
    /// How it is named.
    pub link: Option<Link>,
    /// Why jobs are held, if they are.
    pub held: Option<String>,
    /// Up to where changes were lost with the journal: their numbers are left out.
    pub lost_through: Option<u64>,
    /// Frames above the link, to be appended again.
    pub stragglers: &'a [Straggler],
    /// What damage means, to be appended.
    pub verdicts: &'a [Vec<Op>],
}

impl Before<'_> {
    /// Makes both. `highest` is the highest number of a segment in the journal.
    pub fn begin(&self, paths: &Paths, highest: Option<u64>, owner: &Owner) -> Result<Segment, StoreError> {
        let store = match self.last {
            Some(last) => last.store,
            None => (u128::from(random()?) << 64) | u128::from(random()?),
        };
        let timeline = match (self.last, owner) {
            (Some(last), Owner::Original) => last.timeline,
            (_, Owner::New | Owner::Copy(_) | Owner::Original) => random()?,
        };
        let run = random()?;
        reach("store.before-identity")?;
        let identity = identity::renew(&paths.dir, (store, timeline, run), self.last)?;
        reach("store.after-identity")?;
        let aside = numbers(&paths.aside)?.last().copied();
        let highest = highest.max(aside).unwrap_or(0);
        let durable = self.link.map_or(0, |link| link.last_sequence);
        let reached = self.lost_through.map_or(durable, |through| through.max(durable));
        let header = SegmentHeader {
            store,
            timeline,
            run,
            number: highest + 1,
            first_sequence: reached + 1,
            salt: random()?,
            link: self.link,
            dir: io::mark(&paths.dir)?.unwrap_or_default(),
            identity,
            own: io::Mark::default(),
            held: self.held.clone(),
            made: runtime::clock(),
        };
        let path = path(&paths.journal, header.number);
        let mut segment = Segment::create(&path.with_extension("tmp"), header)?;
        let mut sequence = reached;
        for straggler in self.stragglers {
            sequence = straggler.header.sequence;
            segment.push(sequence, durable, &straggler.header.parts, &straggler.payload);
        }
        for ops in self.verdicts {
            sequence += 1;
            let encoded = Encoder::default().encode(ops)?;
            segment.push(sequence, durable, &encoded.parts, &encoded.payload);
        }
        // The file gets its name only after the sync: so the seal may vouch for all of it.
        segment.push_seal(sequence);
        segment.write()?;
        segment.sync(sequence)?;
        reach("store.before-first-segment")?;
        segment.publish(&path)?;
        reach("store.first-segment")?;
        Ok(segment)
    }
}
