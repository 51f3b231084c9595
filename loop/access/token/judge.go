package token

import "halley/bayeux"

// judge answers a question when it is known what is wrong with the token that was shown, or who it is of.
//
// A token of the message itself has to be good. One of the request's header may be an old one that nobody thinks of, such
// as of a websocket's upgrade, so it counts where there is nothing better: at the handshake, for a session that has shown
// none, and where it is good for longer.
func (a *Authority) judge(q *bayeux.Question, s shown, id identity, why Refusal) bayeux.Verdict {
	have := rights(q.Claims)
	if refused := a.unacceptable(q, s, id, why); refused != fine {
		return a.refuse(q, refused)
	}
	good := s.text != "" && why == fine && (have == "" || id.subject == have.subject())
	if a.bound && have != "" && !good && !sameSocket(q, have) {
		return a.unknown(q, why)
	}
	if s.own && have != "" && !good {
		return a.refuse(q, wrongSubject)
	}
	var v bayeux.Verdict
	if good && (s.own || have == "" || id.expires > have.number('e')) {
		if have != "" && id.expires != have.number('e') {
			a.figures.refreshed.Add(1)
		}
		have = a.adopted(q, id)
		v.Claims, v.Expiry = string(have), id.expires
	}
	if why := lacks(q, have, why); why != fine {
		return a.refuse(q, why)
	}
	return v
}

// unacceptable tells what is wrong with a token that has to be good, or with there being none.
func (a *Authority) unacceptable(q *bayeux.Question, s shown, id identity, why Refusal) Refusal {
	greets := q.Operation == bayeux.OpHandshake
	switch {
	case why != fine && (s.own || greets):
		return why
	case s.text == "" && (s.own || greets && a.settings.Required):
		return noToken
	case s.text == "" || why != fine:
		return fine
	case a.bound && id.subject == "":
		return wrongClaims // it could be anybody's
	}
	return fine
}

// adopted are the rights that a session has by a token.
func (a *Authority) adopted(q *bayeux.Question, id identity) rights {
	if a.bound && q.Caller != nil {
		return id.rights.on(q.Caller.Socket)
	}
	return id.rights
}

// unknown denies who comes to another's session, as it seems. Whose token a fresh one would cure is told to come again with it.
func (a *Authority) unknown(q *bayeux.Question, why Refusal) bayeux.Verdict {
	v := a.refuse(q, wrongSubject)
	v.Unknown = true
	if why != fine {
		v.Advice = why.verdict(q.Operation).Advice
	}
	return v
}

// sameSocket tells whether a message came by the websocket on which its session has shown its token.
func sameSocket(q *bayeux.Question, have rights) bool {
	return q.Caller != nil && q.Caller.Socket != 0 && int64(q.Caller.Socket) == have.number('w')
}

// lacks tells why what a session has does not do for what it asks; header is what was wrong with its request's token.
func lacks(q *bayeux.Question, have rights, header Refusal) Refusal {
	letter := byte('s')
	if q.Operation == bayeux.OpPublish {
		letter = 'p'
	}
	switch {
	case len(q.Guarded) == 0 || have.allow(letter, q.Guarded):
		return fine
	case have != "":
		return wrongChannel
	case header != fine:
		return header
	}
	return noToken
}

func (a *Authority) refuse(q *bayeux.Question, why Refusal) bayeux.Verdict {
	a.figures.refused[why].Add(1)
	return why.verdict(q.Operation)
}
