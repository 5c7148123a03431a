//! Whether a value has the shape that a description gives: as much of JSON Schema as the descriptions use.

use domain::Timestamp;
use serde_json::Value;

fn length(schema: &Value, name: &str) -> Option<usize> {
    schema[name].as_u64().and_then(|most| usize::try_from(most).ok())
}

/// Whether text in an address is what it should be: a list is written with commas, or by repeating its name.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn written(schema: &Value, text: &str) -> Result<(), String> {
    match schema["type"].as_str() {
        Some("integer") => {
            let number: i64 = text.parse().map_err(|error| format!("`{text}`: {error}"))?;
            value(schema, &Value::from(number))
        }
        Some("number") => text
            .parse::<f64>()
            .map_err(|error| format!("`{text}`: {error}"))
            .and_then(|number| value(schema, &Value::from(number))),
        Some("boolean") => match text {
            "true" | "false" => Ok(()),
            _ => Err(format!("`{text}` is neither true nor false")),
        },
        Some("array") => text.split(',').try_for_each(|item| written(&schema["items"], item)),
        _ => value(schema, &Value::from(text)),
    }
}

/// Whether a value is what it should be.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn value(schema: &Value, value: &Value) -> Result<(), String> {
    let kind = schema["type"].as_str();
    let fits = match kind {
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    if !fits {
        return Err(format!("{value} is no {}", kind.unwrap_or_default()));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Err(format!("{value} is none of {allowed:?}"));
    }
    if schema["format"] == "date-time"
        && let Some(text) = value.as_str()
    {
        Timestamp::parse(text).map_err(|error| format!("{value} is no time: {error}"))?;
    }
    bounds(schema, value)?;
    items(schema, value)?;
    fields(schema, value)
}

fn bounds(schema: &Value, value: &Value) -> Result<(), String> {
    let Some(number) = value.as_f64() else { return Ok(()) };
    let beyond = schema["maximum"].as_f64().is_some_and(|most| number > most)
        || schema["minimum"].as_f64().is_some_and(|least| number < least);
    if beyond {
        return Err(format!(
            "{value} is not between {} and {}",
            schema["minimum"], schema["maximum"]
        ));
    }
    Ok(())
}

fn items(schema: &Value, value: &Value) -> Result<(), String> {
    let Some(items) = value.as_array() else { return Ok(()) };
    if length(schema, "maxItems").is_some_and(|most| items.len() > most)
        || length(schema, "minItems").is_some_and(|least| items.len() < least)
    {
        return Err(format!("{} items are too many or too few", items.len()));
    }
    items.iter().try_for_each(|item| self::value(&schema["items"], item))
}

fn fields(schema: &Value, value: &Value) -> Result<(), String> {
    let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) else {
        return Ok(());
    };
    for (name, field) in fields {
        match known.get(name) {
            Some(schema) => self::value(schema, field).map_err(|why| format!("{name}: {why}"))?,
            None if schema["closed"] == true => return Err(format!("{name} is not one of its fields")),
            None => {}
        }
    }
    let needed = schema["required"].as_array().into_iter().flatten();
    let missing = needed
        .filter_map(Value::as_str)
        .find(|name| !fields.contains_key(*name));
    missing.map_or(Ok(()), |name| Err(format!("{name} is missing")))
}
