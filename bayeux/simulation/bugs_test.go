package simulation

// bug is a fault that is planted into the driver, to see whether the checker finds
// it.
type bug uint8

const (
	noBug bug = iota
	bugDropBounced
	bugEarlyJoin
	bugWrittenEarly
	bugKeepInterest
	bugReorder
	bugForgetGone
	bugLateTick
	bugDoublePublish
	bugDoubleDeliver
	bugSkipLoop
	bugSnapshotTwice
	bugIDs
)
