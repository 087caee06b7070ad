//! Which ended jobs are wanted: `state`, `jobName`, `endedFrom`, `endedTo`.

use super::error::ApiError;
use super::query::Query;
use crate::model::{JobId, JobRecord, JobState, Millis};
use crate::store::Cursor;
use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

/// The conditions of a request; all of them hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// End states; empty: all.
    states: Vec<JobState>,
    /// Part of the name, in any letter case.
    name: Option<String>,
    /// Ended then or later.
    from: Option<Millis>,
    /// Ended before.
    to: Option<Millis>,
}

impl Filter {
    /// Reads the parameters.
    ///
    /// # Errors
    /// A state that no job ends in; a time that can't be read.
    pub(super) fn read(query: &Query) -> Result<Self, ApiError> {
        let states = match query.get("state") {
            None => Vec::new(),
            Some(typed) => typed.split(',').map(|name| state(name.trim())).collect::<Result<_, _>>()?,
        };
        let time = |name: &str| query.get(name).map(|typed| time(name, typed.trim())).transpose();
        let name = query.get("jobName").map(str::to_lowercase);
        Ok(Self { states, name, from: time("endedFrom")?, to: time("endedTo")? })
    }

    /// Only jobs in this state, too.
    pub(super) fn only(&mut self, state: JobState) {
        if self.states.is_empty() || self.states.contains(&state) {
            self.states = vec![state];
        } else {
            // Two states at once: no job.
            (self.from, self.to) = (Some(Millis::MAX), Some(Millis::MIN));
        }
    }

    /// Whether the index alone finds a page.
    pub(super) fn is_indexed(&self) -> bool {
        self.states.len() <= 1 && self.name.is_none() && self.from.is_none() && self.to.is_none()
    }

    /// The state, where it is one.
    pub(super) fn single_state(&self) -> Option<JobState> {
        match self.states.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Behind which place of the history the jobs lie.
    pub(super) fn start(&self, newest_first: bool) -> Option<Cursor> {
        match newest_first {
            true => self.to.map(|to| Cursor { ended: to, id: JobId(i64::MIN) }),
            false => self.from.map(|from| Cursor { ended: from.saturating_sub(1), id: JobId(i64::MAX) }),
        }
    }

    /// Whether no later job of the walk can fit.
    pub(super) fn is_past(&self, record: &JobRecord, newest_first: bool) -> bool {
        match newest_first {
            true => self.from.is_some_and(|from| ended(record) < from),
            false => self.to.is_some_and(|to| ended(record) >= to),
        }
    }

    /// Whether a job fits.
    pub(super) fn takes(&self, record: &JobRecord) -> bool {
        (self.states.is_empty() || self.states.contains(&record.state))
            && self.name.as_ref().is_none_or(|part| record.name.to_lowercase().contains(part))
            && self.from.is_none_or(|from| ended(record) >= from)
            && self.to.is_none_or(|to| ended(record) < to)
    }
}

/// The store's order: of a job whose end is not known, when it was made.
fn ended(record: &JobRecord) -> Millis {
    record.ended.unwrap_or(record.created)
}

fn state(typed: &str) -> Result<JobState, ApiError> {
    JobState::of_name(typed).filter(|state| state.is_end()).ok_or_else(|| {
        let ends: Vec<&str> =
            JobState::ALL.into_iter().filter(|state| state.is_end()).map(JobState::name).collect();
        ApiError::bad(format!(
            "state: \"{typed}\" is not a state in which jobs end; allowed: {}",
            ends.join(", ")
        ))
    })
}

/// Milliseconds since 1970, `2026-01-31`, `2026-01-31 10:00:00` (the server's zone, as answers have it), or RFC 3339.
fn time(name: &str, typed: &str) -> Result<Millis, ApiError> {
    if let Ok(millis) = typed.parse::<Millis>() {
        return Ok(millis);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(typed) {
        return Ok(time.timestamp_millis());
    }
    let local = NaiveDateTime::parse_from_str(&typed.replacen('T', " ", 1), "%Y-%m-%d %H:%M:%S%.f")
        .or_else(|_| NaiveDate::parse_from_str(typed, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN)));
    // At the change to winter time an hour comes twice: the first is taken.
    let at = local.ok().and_then(|time| Local.from_local_datetime(&time).earliest());
    at.map(|time| time.timestamp_millis()).ok_or_else(|| {
        ApiError::bad(format!(
            "{name}: \"{typed}\" is not a time; allowed: 2026-01-31, 2026-01-31 10:00:00 (the server's zone), \
             2026-01-31T10:00:00Z, or milliseconds since 1970"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Filter, ApiError> {
        Filter::read(&Query::parse(text))
    }

    #[test]
    fn times_in_every_form() {
        let day = Local.with_ymd_and_hms(2026, 1, 31, 0, 0, 0).unwrap().timestamp_millis();
        for (typed, wanted) in [
            ("1769817600000", 1_769_817_600_000),
            ("2026-01-31", day),
            ("2026-01-31+10:00:01", day + 36_001_000),
            ("2026-01-31T10:00:01.5", day + 36_001_500),
            ("2026-01-31T00:00:00Z", 1_769_817_600_000),
            ("2026-01-31T02:00:00%2B02:00", 1_769_817_600_000),
        ] {
            assert_eq!(read(&format!("endedFrom={typed}")).unwrap().from, Some(wanted), "{typed}");
        }
        let error = read("endedTo=yesterday").unwrap_err().message;
        assert!(error.starts_with("endedTo: \"yesterday\" is not a time; allowed: 2026-01-31"), "{error}");
    }

    #[test]
    fn states_are_those_in_which_jobs_end() {
        let both = read("state=failed,%20CANCELED").unwrap();
        assert_eq!(both.states, [JobState::Failed, JobState::Canceled]);
        assert!(!both.is_indexed());
        assert!(read("state=FINISHED").unwrap().is_indexed());
        let error = read("state=RUNNING").unwrap_err().message;
        assert!(error.contains("\"RUNNING\" is not a state in which jobs end; allowed: "), "{error}");
    }

    #[test]
    fn a_state_of_the_path_is_one_condition_more() {
        let mut filter = read("state=FAILED,FINISHED").unwrap();
        filter.only(JobState::Failed);
        assert_eq!(filter.single_state(), Some(JobState::Failed));
        filter.only(JobState::Finished);
        assert_eq!(
            (filter.from, filter.to),
            (Some(Millis::MAX), Some(Millis::MIN)),
            "no job is in two states"
        );
    }
}
