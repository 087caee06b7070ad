//! One epoch on its way: the reports that have come in, and the checkpoint that they make.

use super::attempt::{Attempt, WriterReport};
use super::ledger::SourceSnapshot;
use super::meter::Tally;
use super::state::{JobState, WriterState};
use crate::model::{Accounting, Checkpoint, Counters, Epoch, Fault, Prepared};
use crate::runtime::clock;
use std::time::Instant;

/// See the module.
#[derive(Debug)]
pub(super) struct Collector {
    pub epoch: Epoch,
    /// Sources hold behind its barrier.
    pub hold: bool,
    pub since: Instant,
    /// When it is late; `None`: never, or it was and that was said.
    pub deadline: Option<Instant>,
    sources: Vec<Option<SourceSnapshot>>,
    writers: Vec<Vec<Option<WriterReport>>>,
    missing: usize,
}

/// A complete epoch.
#[derive(Debug)]
pub(super) struct Complete {
    pub epoch: Epoch,
    pub hold: bool,
    pub since: Instant,
    /// No instance of a source had anything behind the barrier: the end of the job's data.
    pub is_final: bool,
    pub prepared: Vec<Prepared>,
    /// Rows that sinks without commits have taken in this attempt.
    pub taken: u64,
    pub accounting: Accounting,
    tally: Tally,
    state: JobState,
}

impl Collector {
    /// `writers`: how many each sink has.
    pub(super) fn new(
        epoch: Epoch,
        hold: bool,
        sources: usize,
        writers: impl Iterator<Item = usize>,
    ) -> Self {
        let empty = |count: usize| std::iter::repeat_with(|| None).take(count).collect::<Vec<_>>();
        let writers: Vec<_> = writers.map(empty).collect();
        let missing = sources + writers.iter().map(Vec::len).sum::<usize>();
        let sources = std::iter::repeat_with(|| None).take(sources).collect();
        Self { epoch, hold, since: Instant::now(), deadline: None, sources, writers, missing }
    }

    /// A source has passed the barrier.
    pub(super) fn source(&mut self, source: usize, snapshot: SourceSnapshot) {
        if let Some(place @ None) = self.sources.get_mut(source) {
            *place = Some(snapshot);
            self.missing -= 1;
        }
    }

    /// A writer has prepared.
    pub(super) fn writer(&mut self, report: WriterReport) {
        let place = self.writers.get_mut(report.sink).and_then(|sink| sink.get_mut(report.instance));
        if let Some(place @ None) = place
            && report.epoch == self.epoch
        {
            *place = Some(report);
            self.missing -= 1;
        }
    }

    /// Whether everything is in.
    pub(super) fn is_complete(&self) -> bool {
        self.missing == 0
    }

    /// Names of the vertices that something is missing of.
    pub(super) fn waits_for(&self, attempt: &Attempt) -> String {
        let sources = attempt.plan.sources.iter().zip(&self.sources);
        let sources = sources.filter(|(_, snapshot)| snapshot.is_none()).map(|(node, _)| node.name.as_str());
        let sinks = attempt.plan.sinks.iter().zip(&self.writers);
        let sinks = sinks.filter(|(_, writers)| writers.iter().any(Option::is_none));
        sources.chain(sinks.map(|(node, _)| node.name.as_str())).collect::<Vec<_>>().join(", ")
    }

    /// Joins the reports.
    pub(super) fn complete(self, attempt: &Attempt, base: &Counters) -> Complete {
        let mut tally = Tally::default();
        let mut state = JobState { held: self.hold, ..JobState::default() };
        let mut barriers = 0;
        for snapshot in self.sources.into_iter().flatten() {
            tally.add(&snapshot.tally);
            barriers += snapshot.barriers;
            state.sources.push(snapshot.state);
            state.transforms.extend(snapshot.transforms);
        }
        let (mut prepared, mut taken_all) = (Vec::new(), 0);
        for report in self.writers.into_iter().flatten().flatten() {
            tally.add(&report.tally);
            let WriterReport { sink, instance, epoch, staged, taken, .. } = report;
            taken_all += taken;
            if let Some(bytes) = report.state {
                let name = attempt.plan.sinks[sink].name.clone();
                state.writers.push(WriterState { name, instance: instance as u32, state: bytes });
            }
            let handles = staged.into_iter();
            prepared.extend(handles.map(|staged| Prepared {
                sink: sink as u32,
                epoch,
                rows: staged.rows,
                data: staged.data,
            }));
        }
        let accounting = attempt.layout.accounting(&attempt.plan, &tally, &base.accounting);
        let is_final = barriers == 0;
        let Self { epoch, hold, since, .. } = self;
        Complete { epoch, hold, since, is_final, prepared, taken: taken_all, accounting, tally, state }
    }
}

impl Complete {
    /// The checkpoint, with what earlier ones prepared and is not yet committed.
    pub(super) fn checkpoint(
        &self,
        attempt: &Attempt,
        base: &Counters,
        pending: &[Prepared],
        is_savepoint: bool,
    ) -> Result<Checkpoint, Fault> {
        let live = attempt.metrics.snapshot();
        let mut metrics = self.tally.metrics(&base.metrics, &live);
        metrics.committed += attempt.layout.committed(&self.tally);
        Ok(Checkpoint {
            epoch: self.epoch,
            attempt: attempt.id,
            at: clock(),
            is_final: self.is_final,
            is_savepoint,
            state: self.state.to_bytes()?,
            prepared: pending.iter().chain(&self.prepared).cloned().collect(),
            counters: Counters { metrics, accounting: self.accounting.clone() },
        })
    }

    /// Rows read up to here in this attempt.
    pub(super) fn rows_read(&self) -> u64 {
        self.tally.read.iter().map(|amount| amount.rows).sum()
    }
}
