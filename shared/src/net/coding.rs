//! Compressed bodies. We do not ask for them, but some servers and content delivery networks compress
//! all the same.

use std::io::{self, Read};

use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use super::NetError;

/// How much of the input the brotli decoder holds at a time.
const BROTLI_BUFFER_BYTES: usize = 4096;

/// The decompressed `body`, of at most `max_bytes`, where its headers say that it is compressed. A
/// body with an unknown coding stays as it is: its status and headers still count.
///
/// # Errors
/// [`NetError::TooLarge`], before more than `max_bytes` were decoded; or it can't be decoded.
pub(super) fn decode(
    headers: &HeaderMap,
    mut body: Vec<u8>,
    max_bytes: usize,
) -> Result<Vec<u8>, NetError> {
    let codings = headers.get_all(CONTENT_ENCODING).into_iter();
    let codings: Vec<&str> = codings
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    if body.is_empty() {
        return Ok(body);
    }
    // The last coding was applied last.
    for coding in codings.into_iter().rev() {
        body = match coding.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => read(
                flate2::read::MultiGzDecoder::new(body.as_slice()),
                max_bytes,
            )?,
            "br" => read(
                brotli_decompressor::Decompressor::new(body.as_slice(), BROTLI_BUFFER_BYTES),
                max_bytes,
            )?,
            "identity" | "" => body,
            _ => return Ok(body),
        };
    }
    Ok(body)
}

fn read(decoder: impl Read, max_bytes: usize) -> Result<Vec<u8>, NetError> {
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    let mut decoded = Vec::new();
    decoder
        .take(limit.saturating_add(1))
        .read_to_end(&mut decoded)
        .map_err(|error| broken(&error))?;
    if decoded.len() > max_bytes {
        return Err(NetError::TooLarge(max_bytes));
    }
    Ok(decoded)
}

fn broken(error: &io::Error) -> NetError {
    NetError::Other(format!("the answer can't be decompressed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::{brotli, gzip};

    fn decoded(codings: &[&str], body: Vec<u8>, max: usize) -> Result<Vec<u8>, NetError> {
        let mut headers = HeaderMap::new();
        for coding in codings {
            headers.append(CONTENT_ENCODING, coding.parse().expect("a value"));
        }
        decode(&headers, body, max)
    }

    #[test]
    fn gzip_and_brotli_are_decoded() {
        let text = b"{\"keys\": []}".repeat(100);
        for (codings, body) in [
            (&["gzip"][..], gzip(&text)),
            (&["X-GZIP"], gzip(&text)),
            (&["br"], brotli(&text)),
            (&["identity"], text.clone()),
            (&[], text.clone()),
            (&["br, gzip"], gzip(&brotli(&text))),
            (&["br", "gzip"], gzip(&brotli(&text))),
        ] {
            let decoded = decoded(codings, body, text.len()).expect("decoded");
            assert!(decoded == text, "{codings:?}");
        }
        assert_eq!(decoded(&["gzip"], Vec::new(), 1), Ok(Vec::new()), "a 204");
    }

    #[test]
    fn what_is_decoded_is_bounded() {
        let large = vec![b' '; 10_000_000];
        for (coding, body) in [("gzip", gzip(&large)), ("br", brotli(&large))] {
            assert!(body.len() < 20_000, "{coding}");
            assert_eq!(
                decoded(&[coding], body, 1000),
                Err(NetError::TooLarge(1000)),
                "{coding}"
            );
        }
    }

    #[test]
    fn what_is_broken_is_an_error_and_what_is_unknown_stays() {
        let mut cut = gzip(b"hello");
        cut.truncate(12);
        for (coding, body) in [
            ("gzip", b"{}".to_vec()),
            ("gzip", cut),
            ("br", b"{\"keys\": []}".to_vec()),
        ] {
            let error = decoded(&[coding], body, 1000).expect_err("broken");
            assert!(error.to_string().contains("decompressed"), "{error}");
        }
        assert_eq!(decoded(&["zstd"], b"x".to_vec(), 10), Ok(b"x".to_vec()));
    }
}
