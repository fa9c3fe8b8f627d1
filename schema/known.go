package schema

// Known returns every schema that tacho can read, in the order in which [Detect] prefers them if
// several match equally well.
func Known() []Schema {
	return []Schema{
		Default(), Flask(), OTel(),
		GoGinPrometheus(), GinMetrics(), Ginprom(),
		EchoPrometheus(), ExpressPromBundle(), FiberPrometheus(), PromClient(),
		Promhttp(), GoHTTPMetrics(),
		FastAPI(), StarletteExporter(), StarlettePrometheus(), Django(),
		Micrometer(),
		GoZero(), Hertz(),
		GoGRPCMiddleware(), OTelRPC(), OTelRPCOld(), Kratos(), GoZeroRPC(),
	}
}
