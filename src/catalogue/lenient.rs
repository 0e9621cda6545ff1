//! Values as panels send them: numbers as text, text as numbers, null, blanks. Never an error, at most nothing.

use serde_json::Value;

/// Text that is not blank; numbers as they are written.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A number, or text that is one.
pub(super) fn number(value: Option<&Value>) -> Option<f64> {
    let number = match value? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A number of things.
pub(super) fn count(value: Option<&Value>) -> Option<u32> {
    let number = number(value)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // in range and whole
    (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number)).then_some(number as u32)
}

/// Whether it says yes: true, 1, "1", "true".
pub(super) fn flag(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        other => number(Some(other)).map(|n| n != 0.0),
    }
}

/// The elements of a list, of an object taken for one, or of comma-separated text.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(|v| text(Some(v))).collect(),
        Some(Value::Object(object)) => object.values().filter_map(|v| text(Some(v))).collect(),
        Some(Value::String(list)) => {
            list.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn takes_what_panels_send() {
        let v = json!({"a": " 12 ", "b": 12, "c": null, "d": "", "e": [1, "ts"], "f": {"0": "ts"}, "g": "ts, m3u8", "h": "12.5"});
        let at = |key: &str| v.get(key);
        assert_eq!((text(at("a")).as_deref(), text(at("b")).as_deref()), (Some("12"), Some("12")));
        assert_eq!((text(at("c")), text(at("d")), text(at("e")), text(at("x"))), (None, None, None, None));
        assert_eq!(
            (count(at("a")), count(at("b")), count(at("d")), count(at("h"))),
            (Some(12), Some(12), None, None)
        );
        assert_eq!(
            (number(at("h")), number(Some(&json!("NaN"))), count(Some(&json!(-1)))),
            (Some(12.5), None, None)
        );
        assert_eq!(
            (texts(at("e")), texts(at("f")), texts(at("g"))),
            (vec!["1".into(), "ts".into()], vec!["ts".into()], vec!["ts".into(), "m3u8".into()])
        );
        for (value, flagged) in [
            (json!(1), Some(true)),
            (json!("0"), Some(false)),
            (json!(""), None),
            (json!(false), Some(false)),
        ] {
            assert_eq!(flag(Some(&value)), flagged);
        }
    }
}
