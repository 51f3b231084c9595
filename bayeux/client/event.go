package client

// The events. Some mean the same in every state: machine.take deals with these.
type (
	begun   struct{ work *operation } // Run or Handshake was called
	stopped struct {                  // its context is done
		work *operation
		err  error
	}
	asked        struct{ call *call }    // a user has requests
	released     struct{}                // Close was called
	disconnected struct{ goodbye *call } // Disconnect was called, and sends this
	preferred    struct{ kind string }
	opened       struct { // the opening of a link has come to its end
		link *link
		err  error
	}
	ended struct { // so has a link
		link *link
		err  error
	}
	replied  struct{ replies []Reply } // all that is no event
	answered struct{ call *call }      // a call is over: it has its replies or an error
	troubled struct{ err error }       // a token was not renewed
	settled  struct{ of state }        // no handler is at work
	stilled  struct{ link *link }      // nothing has come by a stream for a while
	alarm    struct{}                  // the deadline of the state has come
)
