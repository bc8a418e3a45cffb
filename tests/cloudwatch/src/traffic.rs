//! What API Gateway and Lambda count.

use super::{CloudWatch, Fault, Metric};

/// How an invocation of a function ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The function returned something.
    Returned,
    /// It returned an error, crashed, or was ended.
    Failed,
    /// Lambda refused to invoke it.
    Throttled,
}

impl CloudWatch {
    /// Takes a request that the gateway answered at `at`: it makes the gateway's metrics and a line in the
    /// access log.
    ///
    /// # Errors
    /// If the template has no API with an access log.
    pub fn request(&mut self, at: u64, status: u16) -> Result<(), Fault> {
        let group = self.name_of("AccessLogGroup")?;
        let stack = self.name_of("AWS::StackName")?;
        let line = format!("{{\"stack\":\"{stack}\",\"status\":\"{status}\"}}");
        self.log(&group, at, &line)?;
        let api = self.name_of("HttpApi")?;
        let mut put = |name: &str, value: f64| {
            let metric = Metric::new("AWS/ApiGateway", name, &[("ApiId", &api)]);
            self.put(metric, at, value);
        };
        put("Count", 1.0);
        put("4xx", f64::from(u8::from((400..500).contains(&status))));
        put("5xx", f64::from(u8::from(status >= 500)));
        Ok(())
    }

    /// Takes an invocation that ended at `at`, of the function with this logical id: it makes Lambda's
    /// metrics.
    ///
    /// # Errors
    /// If the template has no such function.
    pub fn invocation(&mut self, at: u64, function: &str, end: End) -> Result<(), Fault> {
        let name = self.name_of(function)?;
        let mut put = |metric: &str, value: f64| {
            let metric = Metric::new("AWS/Lambda", metric, &[("FunctionName", &name)]);
            self.put(metric, at, value);
        };
        // What Lambda refuses is no invocation.
        if end != End::Throttled {
            put("Invocations", 1.0);
            put("Errors", f64::from(u8::from(end == End::Failed)));
        }
        put("Throttles", f64::from(u8::from(end == End::Throttled)));
        Ok(())
    }
}
