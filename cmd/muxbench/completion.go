//go:build linux

package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// completesList offers each of the words behind what a list has already, of a flag that
// takes several with commas between.
func completesList(words []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		offered := make([]string, 0, len(words))
		for _, word := range words {
			offered = append(offered, before+word)
		}
		return offered, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}
