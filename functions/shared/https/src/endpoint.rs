//! Where a service of AWS is.

/// The address of a service, of which each region has one.
///
/// The AWS SDK finds it by a table of JSON and regular expressions that each start would read.
/// Of the partitions a city can choose there are three; the address of a service in any other
/// is told by its `AWS_ENDPOINT_URL_…`.
///
/// Source: AWS, `partitions.json`, as of the SDK's version of 2026.
#[must_use]
pub fn endpoint(service: &str, region: &str) -> String {
    let suffix = match region.split_once('-') {
        Some(("cn", _)) => "amazonaws.com.cn",
        Some(("eusc", _)) => "amazonaws.eu",
        Some(_) | None => "amazonaws.com",
    };
    format!("https://{service}.{region}.{suffix}")
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn each_partition_has_its_own_suffix() {
        for (region, address) in [
            (
                "eu-central-1",
                "https://dynamodb.eu-central-1.amazonaws.com",
            ),
            (
                "eusc-de-east-1",
                "https://dynamodb.eusc-de-east-1.amazonaws.eu",
            ),
            ("cn-north-1", "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        ] {
            assert_eq!(endpoint("dynamodb", region), address);
        }
    }
}
