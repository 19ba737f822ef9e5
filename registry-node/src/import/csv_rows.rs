//! The rows of a comma-separated list, as a stream.

use std::io::Read;
use std::sync::Arc;

use encoding_rs::Encoding;

use super::error::ImportError;
use super::limits::COLUMNS_MAX;
use super::rows::{Place, Row, Sink};
use super::source::Decoded;

/// Feeds every record after the header to `sink`. A record with more or fewer fields than the header is a row too; it
/// says so itself when it is asked for a value.
pub(crate) fn read(
    source: impl Read,
    encoding: &'static Encoding,
    delimiter: u8,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let decoded = Decoded::new(source, encoding);
    let meter = decoded.meter();
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(decoded);
    let header = header(reader.headers().map_err(ImportError::from_csv)?)?;
    sink.columns(&header)?;
    let mut count = 0;
    for record in reader.records() {
        let record = record.map_err(ImportError::from_csv)?;
        meter.reset();
        count += 1;
        let cells = record.iter().map(str::to_owned).collect();
        sink.row(Row::named(Place::numbered(count), Arc::clone(&header), cells))?;
    }
    Ok(())
}

fn header(record: &csv::StringRecord) -> Result<Arc<[String]>, ImportError> {
    if record.len() > COLUMNS_MAX {
        return Err(ImportError::TooManyColumns { limit: COLUMNS_MAX });
    }
    if record.get(0).is_some_and(|first| first.trim_start().starts_with('<')) {
        return Err(ImportError::OtherFormat { found: "a web page or XML", expected: "CSV" });
    }
    Ok(record.iter().map(|name| name.trim().to_owned()).collect())
}
