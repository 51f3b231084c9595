// Proved by TestBadSettingsNameTheirFlag and TestFlagsAndLists.

package config

import (
	"reflect"

	"github.com/alecthomas/kong"

	"halley/loop/settings"
)

// size reads the flags of type:"size": a whole number of bytes, KiB, MiB or GiB.
type size struct{}

// Decode implements kong.Mapper.
func (size) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("size", &text); err != nil {
		return err
	}
	n, err := settings.ParseSize(text)
	if err != nil {
		return err
	}
	target.SetInt(n)
	return nil
}
