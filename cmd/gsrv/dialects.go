package main

import "gsrv/schema/project"

func dialectNames() []string {
	var names []string
	for _, d := range project.Dialects {
		names = append(names, d.Name())
	}
	return names
}

func programNames() []string {
	var names []string
	for _, d := range project.Dialects {
		names = append(names, d.Programs()...)
	}
	return names
}
