"""What decides claims about OPT: all that has to be understood in order to believe them."""
