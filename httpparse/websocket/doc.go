// Package websocket speaks the WebSocket protocol (RFC 6455) as a server, on bytes alone: it checks
// handshakes, reads what clients send, and writes heads of frames.
//
// An Assembler is fed with what a connection brings, cut anywhere, and gives whole messages. It keeps
// nothing between messages, and buys no buffer for a frame that is whole in the input. The grammar is
// read strictly and faults are found as early as their bytes allow, text that is not UTF-8 included:
// every fault is an Error, whose Kind knows the close code with which the connection has to end.
package websocket
