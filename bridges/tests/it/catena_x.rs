//! Catena-X: the standard's own examples, a row for each fault, and what we say ourselves, held to the schemas of the models.

mod editions;
mod faults;
mod files;
mod models;
mod searches;
mod written;

use bridges::catena_x::CatenaX;
use bridges::{Bridge, Document, Reading, Refusal};
use serde_json::Value;

const V2: &str = "catena-x/cx-0135-v2-messages";
const V3: &str = "catena-x/cx-0135-v3-cloudevents";

fn read(value: &Value) -> Result<Reading, Refusal> {
    CatenaX.read(value.to_string().as_bytes())
}

fn one(value: &Value) -> Document {
    let mut documents = read(value).unwrap_or_else(|refusal| panic!("{value}: {refusal}")).documents;
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn file(path: &str) -> Option<Value> {
    Some(serde_json::from_slice(&std::fs::read(test_data::vectors(path)?).unwrap()).unwrap())
}
