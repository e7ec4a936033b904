//! The envelope of a response.

use super::provenance::Provenance;

/// Where the parts of a response are, as JSON pointers.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The payload; empty for the whole body.
    pub payload: String,
    /// How a success differs from a failure.
    pub success: Success,
    /// The error code.
    pub code: String,
    /// The error text.
    pub message: String,
    /// The request id.
    pub request_id: Option<String>,
    /// Their provenance.
    pub provenance: Provenance,
}

/// How a success differs from a failure.
#[derive(Debug, Clone)]
pub enum Success {
    /// There is nothing at this pointer.
    Absent(String),
    /// The scalar at this pointer has this text.
    Equals(String, String),
}

impl Envelope {
    /// Names of the members that the envelope has inside the payload; they are not part of the output.
    pub fn members_inside_payload(&self) -> Vec<&str> {
        let success = match &self.success {
            Success::Absent(pointer) | Success::Equals(pointer, _) => pointer,
        };
        [
            Some(success),
            Some(&self.code),
            Some(&self.message),
            self.request_id.as_ref(),
        ]
        .into_iter()
        .flatten()
        .filter_map(|pointer| pointer.strip_prefix(&self.payload)?.strip_prefix('/'))
        .filter_map(|rest| rest.split('/').next())
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_members_inside_the_payload_are_found() {
        let envelope = Envelope {
            payload: "/Response".to_owned(),
            success: Success::Absent("/Response/Error".to_owned()),
            code: "/Response/Error/Code".to_owned(),
            message: "/Response/Error/Message".to_owned(),
            request_id: Some("/Response/RequestId".to_owned()),
            provenance: Provenance::default(),
        };
        assert_eq!(
            envelope.members_inside_payload(),
            ["Error", "Error", "Error", "RequestId"]
        );
    }
}
