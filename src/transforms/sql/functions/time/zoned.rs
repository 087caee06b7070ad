//! Functions of time zones: `FROM_UNIXTIME`, `AT_TIME_ZONE`.

use super::arguments::{self, Text};
use super::format::texts;
use super::pattern::PatternArgument;
use super::unit::MICROS_PER_SECOND;
use super::view::{Kind, When, beyond, timestamps};
use super::zone::Zone;
use crate::format::java_time::{self, Moment};
use crate::model::shown;
use crate::table::DataType;
use crate::transforms::sql::function::{Bound, Call, Function, Values};
use arrow::array::Int64Array;
use std::collections::HashMap;
use std::sync::Arc;

pub(in crate::transforms::sql::functions) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["FROM_UNIXTIME"],
        usage: "FROM_UNIXTIME(seconds, format[, zone])",
        about: "Seconds since 1970-01-01 UTC as text, by a pattern of Java's DateTimeFormatter, in a time zone (the \
                server's): Asia/Shanghai, UTC, UTC+8, GMT+08:00.",
        bind: from_unixtime,
    },
    Function {
        names: &["AT_TIME_ZONE"],
        usage: "timestamp AT TIME ZONE 'zone'",
        about: "The instant of a timestamp in the server's time zone, as TIMESTAMP_TZ, which is kept in UTC whatever the \
                zone.",
        bind: at_time_zone,
    },
];

/// An argument that is a time zone.
enum ZoneArgument {
    Known(Zone),
    Text(Text),
}

impl ZoneArgument {
    /// The zone argument of a call, the server's zone without it; none if it is null.
    fn bind(call: &Call<'_>, index: usize) -> Result<Option<Self>, String> {
        if !call.has(index) {
            return Ok(Some(ZoneArgument::Known(Zone::Local)));
        }
        if call.is_null(index) {
            return Ok(None);
        }
        Ok(Some(match call.literal_text(index) {
            Some(text) => ZoneArgument::Known(Zone::parse(&text)?),
            None => ZoneArgument::Text(call.text(index)),
        }))
    }

    /// The zones of a batch, each distinct text read once.
    fn of(&self, values: &Values<'_>) -> Result<Zones, String> {
        let text = match self {
            ZoneArgument::Known(zone) => return Ok(Zones::Same(*zone)),
            ZoneArgument::Text(text) => text.of(values)?,
        };
        let mut known: HashMap<&str, Zone> = HashMap::new();
        let mut zone = |text| match known.get(text) {
            Some(zone) => Ok(*zone),
            None => Zone::parse(text).inspect(|zone| {
                known.insert(text, *zone);
            }),
        };
        let each = (0..values.rows).map(|row| text.get(row).map(&mut zone).transpose());
        each.collect::<Result<_, _>>().map(Zones::Each)
    }
}

/// The zones of a batch.
enum Zones {
    Same(Zone),
    Each(Vec<Option<Zone>>),
}

impl Zones {
    fn get(&self, row: usize) -> Option<Zone> {
        match self {
            Zones::Same(zone) => Some(*zone),
            Zones::Each(zones) => zones.get(row).copied().flatten(),
        }
    }
}

fn from_unixtime(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=3)?;
    let seconds = call.integer(0)?;
    let check = |pattern: &java_time::TimePattern| {
        // the engine prints the local time of the zone, without the zone
        pattern.missing(java_time::Kind::Timestamp).map_or(Ok(()), |letter| {
            let pattern = pattern.text();
            Err(format!("format \"{pattern}\" has the letter {letter}, for which FROM_UNIXTIME has nothing"))
        })
    };
    let pattern = PatternArgument::bind(call, 1, Arc::new(check))?;
    let zone = ZoneArgument::bind(call, 2)?;
    let (Some(pattern), Some(zone), false) = (pattern, zone, call.is_null(0)) else {
        return Ok(arguments::always_null(DataType::String));
    };
    Ok(Bound::new(DataType::String, move |values| {
        let (seconds, patterns, zones) = (seconds.of(values)?, pattern.of(values)?, zone.of(values)?);
        let local = |row| {
            let (seconds, zone) = (seconds.get(row)?, zones.get(row)?);
            let micros = || {
                let offset = i64::from(zone.offset_at(seconds)?);
                seconds.checked_add(offset)?.checked_mul(MICROS_PER_SECOND)
            };
            Some(micros().ok_or_else(|| {
                let given = shown(&seconds.to_string());
                format!("FROM_UNIXTIME: {given} seconds are beyond the range of timestamps")
            }))
        };
        let locals: Int64Array =
            (0..values.rows).map(|row| local(row).transpose()).collect::<Result<_, _>>()?;
        Ok(texts(values.rows, |row| {
            let local = arrow::array::Array::is_valid(&locals, row).then(|| locals.value(row))?;
            Some((patterns.get(row)?, Moment::of_timestamp(local)))
        }))
    }))
}

fn at_time_zone(call: &Call<'_>) -> Result<Bound, String> {
    call.arity(2..=2)?;
    let when = When::bind(call, 0)?;
    let zone = ZoneArgument::bind(call, 1)?;
    let (Some(when), Some(zone)) = (when, zone) else {
        return Ok(arguments::always_null(DataType::TimestampTz));
    };
    if !matches!(when.kind, Kind::Timestamp | Kind::TimestampTz) {
        return Err(call.wrong_type(0, "a timestamp"));
    }
    Ok(Bound::new(DataType::TimestampTz, move |values| {
        let (locals, zones) = (when.micros(values)?, zone.of(values)?);
        let instant = |row| {
            let (local, _) = (locals.get(row)?, zones.get(row)?);
            let is_instant = when.kind == Kind::TimestampTz;
            let instant = if is_instant { Some(local) } else { Zone::Local.instant_of(local) };
            Some(instant.ok_or_else(|| beyond("AT TIME ZONE")))
        };
        let instants: Int64Array =
            (0..values.rows).map(|row| instant(row).transpose()).collect::<Result<_, _>>()?;
        Ok(timestamps(instants, Kind::TimestampTz))
    }))
}
