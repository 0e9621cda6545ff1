//! What is on air.

use crate::feed::LeaseError;
use crate::hls::{OnAir, OnAirError};
use crate::http::ApiError;
use crate::http::services::{BoxFuture, OnAirControl};
use crate::wire::ChannelId;
use crate::wire::on_air::{Started, StreamStatus};
use tokio::sync::watch;

pub(super) struct Control(pub(super) OnAir);

impl OnAirControl for Control {
    fn start(&self, id: ChannelId) -> BoxFuture<'_, Started> {
        Box::pin(async move {
            self.0.start(&id).await.map_err(|error| match error {
                OnAirError::UnknownChannel(id) => ApiError::no_such_channel(&id),
                OnAirError::Refused(LeaseError::NoSuchChannel(id)) => ApiError::no_such_channel(&id),
                OnAirError::Refused(error) => ApiError::unavailable(error.to_string(), 10),
                OnAirError::Store(_) => ApiError::internal(error.to_string()),
            })
        })
    }

    fn stop(&self) -> BoxFuture<'_, bool> {
        Box::pin(async move { self.0.stop().await.map_err(|error| ApiError::internal(error.to_string())) })
    }

    fn status(&self) -> StreamStatus {
        self.0.status()
    }

    fn watch(&self) -> watch::Receiver<StreamStatus> {
        self.0.watch()
    }
}
