// Package message reads and writes Bayeux messages: JSON objects, alone or in an
// array (Bayeux 1.0, 2.5 MUST array). Its scanner is strict and yields spans over the
// input, so that the data of a message is passed on byte for byte.
package message
