package connector

// For tests of statuses that no peer of ours sends.
var (
	FromStatus = fromStatus
	ToStatus   = toStatus
)
