//! Points: rows of numbers, from a CSV, kept with their units.
//!
//! Training sees every column with mean 0 and standard deviation 1; people see
//! their own units. A column that never changes stays at 0 inside and at its
//! value outside.

use serde::{Deserialize, Serialize};

/// What takes points to standard units and back, per column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standardisation {
    /// The mean of each column, in the data's units.
    pub mean: Vec<f64>,
    /// The standard deviation of each column, in the data's units; 0 for a
    /// column that never changes.
    pub deviation: Vec<f64>,
}

impl Standardisation {
    /// Takes rows of standard units back to the data's own.
    ///
    /// # Shapes
    /// `values` is `[any, columns]`.
    pub fn to_units(&self, values: &mut [f32]) {
        for row in values.chunks_mut(self.mean.len()) {
            for ((value, mean), deviation) in row.iter_mut().zip(&self.mean).zip(&self.deviation) {
                *value = (f64::from(*value) * deviation + mean) as f32;
            }
        }
    }

    /// Takes rows of the data's own units to standard ones.
    ///
    /// # Shapes
    /// `values` is `[any, columns]`.
    pub fn to_standard(&self, values: &mut [f32]) {
        for row in values.chunks_mut(self.mean.len()) {
            for (column, value) in row.iter_mut().enumerate() {
                *value = self.standard(column, f64::from(*value));
            }
        }
    }

    fn standard(&self, column: usize, value: f64) -> f32 {
        let deviation = self.deviation[column];
        if deviation == 0.0 {
            0.0
        } else {
            ((value - self.mean[column]) / deviation) as f32
        }
    }
}

/// A table of points in standard units.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// Columns.
    pub dimensions: usize,
    /// `[rows, dimensions]`, in standard units.
    pub values: Vec<f32>,
    /// The way back to the data's units.
    pub units: Standardisation,
}

impl Points {
    /// Standardises rows given in the data's own units.
    ///
    /// # Shapes
    /// `values` is `[rows, dimensions]`.
    pub fn new(dimensions: usize, values: &[f64]) -> Self {
        let rows = (values.len() / dimensions) as f64;
        let column = |column: usize| values.iter().skip(column).step_by(dimensions);
        let mut units = Standardisation {
            mean: Vec::new(),
            deviation: Vec::new(),
        };
        for at in 0..dimensions {
            // Divided first: a sum of large numbers may overflow, a mean not.
            let mean = column(at).map(|value| value / rows).sum::<f64>();
            let variance = column(at)
                .map(|value| (value - mean) * ((value - mean) / rows))
                .sum::<f64>();
            let deviation = variance.sqrt();
            // Rounding leaves a constant column a deviation of this order.
            let constant = column(at).all(|value| Some(value) == column(at).next());
            let first = column(at).next().copied().unwrap_or_default();
            units.mean.push(if constant { first } else { mean });
            units.deviation.push(if constant { 0.0 } else { deviation });
        }
        let standard = values
            .iter()
            .enumerate()
            .map(|(index, &value)| units.standard(index % dimensions, value))
            .collect();
        Self {
            dimensions,
            values: standard,
            units,
        }
    }
}

/// The largest magnitude that is read: beyond it `f32` has no finite number.
const LARGEST_VALUE: f64 = f32::MAX as f64;

/// Reads a CSV of numbers. The first line may name the columns; fields are
/// divided by commas, semicolons or tabs.
///
/// # Errors
/// A sentence that names the line and the column.
pub fn parse_csv(bytes: &[u8]) -> Result<Points, String> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let first_line = bytes
        .split(|&byte| byte == b'\n')
        .find(|line| !line.trim_ascii().is_empty());
    let first_line = first_line.ok_or("the file is empty: give rows of numbers")?;
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .find(|delimiter| first_line.contains(delimiter))
        .unwrap_or(b',');
    if !first_line.contains(&delimiter) {
        no_gaps(bytes)?;
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes);

    let mut names: Option<Vec<String>> = None;
    let mut columns = None;
    let mut values = Vec::new();
    let mut record = csv::ByteRecord::new();
    while reader
        .read_byte_record(&mut record)
        .map_err(|error| error.to_string())?
    {
        let line = line_of(bytes, record.position());
        let fields: Vec<String> = record
            .iter()
            .map(|field| String::from_utf8_lossy(field.trim_ascii()).into_owned())
            .collect();
        if columns.is_none() {
            columns = Some(fields.len());
            if fields.iter().all(|field| field.parse::<f64>().is_err())
                && fields.iter().any(|field| !field.is_empty())
            {
                names = Some(fields);
                continue;
            }
        }
        let expected = columns.unwrap_or(fields.len());
        if fields.len() != expected {
            return Err(format!(
                "line {line} has {} fields where the first line has {expected}; a value may be missing",
                fields.len()
            ));
        }
        for (column, field) in fields.iter().enumerate() {
            let value = number(field).map_err(|reason| {
                let name = names
                    .as_ref()
                    .map_or(String::new(), |names| format!(" (`{}`)", names[column]));
                format!("line {line}, column {}{name}: {reason}", column + 1)
            })?;
            values.push(value);
        }
    }
    match columns {
        Some(columns) if !values.is_empty() => Ok(Points::new(columns, &values)),
        _ => Err("it has column names but no row of numbers".to_owned()),
    }
}

/// The line on which a record stands. The reader counts the empty lines ahead
/// of a record to it, a person does not.
fn line_of(bytes: &[u8], position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 0 };
    let start = (position.byte() as usize).min(bytes.len());
    let empty = bytes[start..]
        .iter()
        .take_while(|byte| matches!(byte, b'\n' | b'\r'));
    position.line() + empty.filter(|&&byte| byte == b'\n').count() as u64
}

/// Refuses an empty line between two others where a line is one value: there
/// it is a missing value, while in wider tables it is only a gap.
fn no_gaps(bytes: &[u8]) -> Result<(), String> {
    let lines = bytes.split(|&byte| byte == b'\n').enumerate();
    let mut gap = None;
    let mut begun = false;
    for (index, line) in lines {
        match (line.trim_ascii().is_empty(), gap) {
            (true, None) if begun => gap = Some(index + 1),
            (false, Some(line)) => {
                return Err(format!(
                    "line {line}, column 1: the value is missing; fill it in or remove the row"
                ));
            }
            (false, None) => begun = true,
            (true, _) => {}
        }
    }
    Ok(())
}

fn number(field: &str) -> Result<f64, String> {
    if field.is_empty() {
        return Err("the value is missing; fill it in or remove the row".to_owned());
    }
    match field.parse::<f64>() {
        Ok(value) if value.abs() <= LARGEST_VALUE => Ok(value),
        Ok(_) => Err(format!(
            "`{field}` is not a finite number that fits; remove the row"
        )),
        Err(_) => {
            let shown: String = field.chars().take(40).collect();
            Err(format!(
                "`{shown}` is not a number; only numeric columns are read, so remove the column or the row"
            ))
        }
    }
}
