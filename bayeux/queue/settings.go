package queue

// Settings are what an operator may set of what waits for one session, with the tags of package
// loop/settings.
type Settings struct {
	QueueMessages int    `name:"queue-messages" reload:"yes" group:"queue" default:"10000" min:"1" max:"1073741824" help:"Messages that may wait for one session."`
	QueueBytes    int    `name:"queue-bytes" reload:"yes" type:"size" group:"queue" default:"2MiB" min:"1KiB" max:"1GiB" help:"Bytes that may wait for one session: its messages, 32 bytes for each, and with the acknowledge extension what is not acknowledged."`
	ReplyBytes    int    `name:"reply-bytes" reload:"yes" type:"size" group:"queue" default:"256KiB" min:"4KiB" max:"1GiB" help:"Bytes of messages in one reply, or one frame; what else waits goes with the next at once. A longer message goes alone."`
	Slow          Policy `name:"slow" reload:"yes" group:"queue" default:"drop-oldest" enum:"drop-oldest,conflate,disconnect" help:"What a full queue does: drop-oldest, conflate or disconnect."`
}
