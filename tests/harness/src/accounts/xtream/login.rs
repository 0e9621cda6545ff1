//! The login document, in the dresses that panels give it.

use super::super::Spec;
use super::super::dice::Dice;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// What the panel says of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// False: `{"user_info": {"auth": 0}}`, with status 200.
    pub accepted: bool,
    /// `Active`, `Banned`, `Disabled`, `Expired`
    pub status: &'static str,
    pub max_connections: u32,
    pub formats: Vec<&'static str>,
}

impl Default for Login {
    fn default() -> Self {
        Self { accepted: true, status: "Active", max_connections: 2, formats: vec!["m3u8", "ts", "rtmp"] }
    }
}

impl Login {
    pub fn document(&self, spec: &Spec, host: SocketAddr) -> Value {
        if !self.accepted {
            return json!({"user_info": {"auth": 0}});
        }
        let mut dice = Dice::new(spec.seed, 0, 61);
        let odd = spec.quirks;
        let mut pick = |plain: Value, others: [Value; 2]| {
            if odd { others[dice.below(2) as usize].clone() } else { plain }
        };
        let most = self.max_connections;
        let mut user = json!({
            "username": spec.username, "password": spec.password, "message": "",
            "auth": pick(json!(1), [json!("1"), json!(1)]), "status": self.status,
            "exp_date": pick(json!("1893456000"), [Value::Null, json!(1_893_456_000)]), "is_trial": "0",
            "active_cons": pick(json!("0"), [json!(0), json!("0")]),
            "created_at": pick(json!("1526999452"), [json!(1_526_999_452), json!("")]),
            "max_connections": pick(json!(most.to_string()), [json!(most), json!(format!(" {most}"))]),
            "allowed_output_formats": self.formats,
        });
        if odd
            && dice.one_in(2)
            && let Some(user) = user.as_object_mut()
        {
            user.remove("active_cons");
        }
        json!({"user_info": user, "server_info": {
            "url": host.ip().to_string(), "port": host.port().to_string(), "https_port": "", "server_protocol": "http",
            "rtmp_port": "", "timezone": "Europe/London", "timestamp_now": 1_545_170_300,
            "time_now": "2018-12-18 21:58:20", "process": true,
        }})
    }
}
